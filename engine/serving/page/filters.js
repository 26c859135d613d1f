// Filters: one pill for each thing that can be filtered by, with how many pins each choice has.

import { ask, offered } from "./api.js";
import { $, el, icon } from "./dom.js";
import { EMPTY, filterOf, href, keyOf } from "./query.js";
import { current, go } from "./state.js";
import { forget, hides, isPersonal, likes, setPersonal } from "./taste.js";
import { count, keyName, rangeName } from "./words.js";

const MOST_PILLS = 8;
const MOST_VALUES = 100;
const SEARCHED_FROM = 12;
const place = $("body > .under > .filters");
let facets = []; // of the whole collection: which pills there are
let priced = false;
let worded = false;

/** Learn what this collection can be filtered by. */
export async function learn() {
  const found = await read({ limit: MOST_VALUES });
  const minor = ({ key }) => key === "currency" || key === "language";
  facets = [...found.filter((each) => !minor(each)), ...found.filter(minor)];
  showFilters(current());
}

async function read(query) {
  if (offered("/v1/facets")) return (await ask("v1/facets", { query })).facets;
  const { boards } = await ask("v1/boards", { query: { limit: 50 } });
  const values = boards.map(({ title, pins }) => ({ value: title, pins }));
  return [{ key: "board_title", values }];
}

/** Take note of what hits have: a price range is of no use where nothing has a price. */
export function notice(hits) {
  const had = priced && worded;
  priced ||= hits.some((each) => each.pin.price);
  worded ||= hits.some((each) => !each.pin.description && !each.pin.board_title);
  if (!had && (priced || worded)) showFilters(current());
}

/** Show the pills; those in use come with what they are set to. */
export function showFilters(state) {
  const keys = facets.filter((each) => each.values.length > 1).map((each) => each.key);
  const shown = new Set(keys.slice(0, MOST_PILLS));
  const pills = [];
  if (priced || state.filter.price) pills.push(pill("price", state, price));
  for (const key of [...shown, ...Object.keys(state.filter)]) {
    if (key === "price" || key === "has_text" || pills.some((each) => each.dataset.key === key)) continue;
    pills.push(pill(key, state, choices));
  }
  if (worded || state.filter.has_text) pills.push(pill("has_text", state, words));
  if (offered("/v1/search:for") && (likes().length || hides().length)) pills.push(tastePill());
  if (Object.keys(state.filter).length) {
    pills.push(el("button", {
      class: "pill bare", type: "button", data: { focus: "none" }, onclick: () => set({}),
    }, "Clear filters"));
  }
  const focused = place.contains(document.activeElement) ? document.activeElement.dataset.focus : null;
  if ($(":popover-open", place)) return; // it shows what is chosen, and is redrawn when it closes
  place.replaceChildren(...pills);
  // The start page has the boards in this place.
  place.hidden = pills.length === 0 || state.view === "likes" || keyOf(state) === href(EMPTY);
  if (focused) place.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
}

const set = (filter) => go({ filter, pin: "" });

function setKey(key, values) {
  const { [key]: _, ...others } = current().filter;
  set(values.length ? { ...others, [key]: values } : others);
}

function toldValue(key, values) {
  if (key === "price") return rangeName(values[0]);
  if (key === "has_text") return values[0] === "yes" ? "with words" : "without words";
  return values.length === 1 ? values[0] : `${values.length}`;
}

let made = 0;

function pill(key, state, fill) {
  const values = state.filter[key];
  made += 1;
  const body = el("div", { class: "pop choices", id: `filter${made}`, popover: "auto", role: "group", "aria-label": keyName(key) });
  const button = el(
    "button",
    { class: "pill", type: "button", popovertarget: body.id, data: { focus: key }, "aria-pressed": values ? "true" : undefined },
    values ? `${keyName(key)}: ${toldValue(key, values)}` : keyName(key),
    icon("down"),
  );
  body.addEventListener("beforetoggle", (event) => {
    if (event.newState === "open") fill(body, key);
  });
  body.addEventListener("toggle", (event) => {
    if (event.newState === "open") {
      put(body, button);
      (body.querySelector("input") ?? body).focus({ preventScroll: true });
    } else showFilters(current());
  });
  return el("div", { class: "filter", data: { key } }, button, body);
}

/** Put what pops up below what it belongs to, inside the window. */
function put(body, button) {
  const box = button.getBoundingClientRect();
  body.style.left = `${Math.max(8, Math.min(box.left, innerWidth - body.offsetWidth - 8))}px`;
  body.style.top = `${box.bottom + 8}px`;
}

/** Fill a list of values with how many pins of the present search have each. */
function choices(body, key) {
  const known = facets.find((each) => each.key === key)?.values ?? [];
  const chosen = new Set(current().filter[key] ?? []);
  const rows = el("div", { class: "rows" });
  const draw = (values) => {
    const listed = new Map(values.map((each) => [each.value, each.pins]));
    for (const each of chosen) if (!listed.has(each)) listed.set(each, undefined);
    rows.replaceChildren(
      ...[...listed].map(([value, pins]) => {
        const box = el("input", {
          type: "checkbox", checked: chosen.has(value),
          onchange: () => {
            if (box.checked) chosen.add(value);
            else chosen.delete(value);
            setKey(key, [...chosen]);
          },
        });
        return el("label", { data: { value: value.toLowerCase() } }, box, el("span", { class: "value" }, value),
          pins === undefined ? null : el("span", { class: "pins" }, pins.toLocaleString()));
      }),
    );
  };
  const find = el("input", {
    type: "search", placeholder: `Find in ${count(known.length, "choice")}`, "aria-label": `Find in ${keyName(key)}`,
    oninput: () => {
      const part = find.value.trim().toLowerCase();
      for (const row of rows.children) row.hidden = !row.dataset.value.includes(part);
    },
  });
  draw(known);
  body.replaceChildren(...(known.length >= SEARCHED_FROM ? [find] : []), rows);
  if (!offered("/v1/facets")) return;
  const { [key]: _, ...others } = current().filter;
  const filter = pairs(others);
  const query = { key, q: current().words.trim(), filter, limit: MOST_VALUES };
  read(query).then(
    (found) => {
      const counted = new Map((found.find((each) => each.key === key)?.values ?? []).map((each) => [each.value, each.pins]));
      draw(known.map(({ value, pins }) => ({ value, pins: query.q || filter.length ? (counted.get(value) ?? 0) : pins })));
      find.dispatchEvent(new Event("input"));
    },
    () => {}, // the choices are there, without counts of their own
  );
}

/** Return a filter as `key=value` texts; a value with a comma can't be written so and is left out. */
const pairs = (filter) =>
  Object.entries(filterOf({ filter }))
    .filter(([, values]) => ![values].flat().some((each) => each.includes(",")))
    .map(([key, values]) => `${key}=${[values].flat().join(",")}`);

function price(body, key) {
  const [low, high] = (current().filter[key]?.[0] ?? "..").split("..");
  const field = (name, value) => el("input", {
    type: "number", min: "0", step: "any", inputmode: "decimal", "aria-label": name, placeholder: name, value,
  });
  const [from, to] = [field("Lowest", low), field("Highest", high)];
  const form = el("form", { class: "range" }, from, el("span", { "aria-hidden": "true" }, "–"), to,
    el("button", { class: "primary small", type: "submit" }, "Apply"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    let ends = [from.value, to.value];
    if (ends.every(Boolean) && Number(ends[0]) > Number(ends[1])) ends = ends.reverse();
    body.hidePopover();
    setKey(key, ends.some(Boolean) ? [ends.join("..")] : []);
  });
  body.replaceChildren(form);
}

function words(body, key) {
  const now = current().filter[key]?.[0] ?? "";
  const row = (value, name) => el("label", {},
    el("input", { type: "radio", name: "has-text", checked: value === now, onchange: () => setKey(key, value ? [value] : []) }),
    el("span", { class: "value" }, name));
  body.replaceChildren(el("div", { class: "rows" }, row("", "All pins"), row("yes", "With words"), row("no", "Without words")));
}

function tastePill() {
  made += 1;
  const body = el("div", { class: "pop choices", id: `filter${made}`, popover: "auto", role: "group", "aria-label": "Your taste" });
  const button = el("button", {
    class: "pill", type: "button", popovertarget: body.id, data: { focus: "taste" }, "aria-pressed": isPersonal() ? "true" : undefined,
  }, isPersonal() ? "For you" : "Not personal", icon("down"));
  const box = el("input", { type: "checkbox", checked: isPersonal(), onchange: () => setPersonal(box.checked) });
  body.append(
    el("div", { class: "rows" }, el("label", {}, box, el("span", { class: "value" }, "Let my likes and hides count"))),
    el("p", { class: "muted" }, `${count(likes().length, "like")}, ${count(hides().length, "hidden pin")}. They stay in this browser.`),
    el("button", { class: "pill", type: "button", onclick: () => { body.hidePopover(); forget(); } }, "Forget them all"),
  );
  body.addEventListener("toggle", (event) => {
    if (event.newState === "open") put(body, button);
    else showFilters(current());
  });
  return el("div", { class: "filter", data: { key: "taste" } }, button, body);
}
