// The search box: results as one types, suggestions below it (a combobox), and what was asked before.

import { ask, offered } from "./api.js";
import { $, el, icon } from "./dom.js";
import { PLUS } from "./query.js";
import { current, go } from "./state.js";
import { local } from "./store.js";
import { count } from "./words.js";

const TYPING_MS = 160;
const RECENT = 6;

const box = $("#words");
const list = $("#suggestions");
const clear = $(".search .clear");
let timer = 0;
let asked = null; // the request under way
let typing = false; // whether the state's last change was a letter
let active = -1;

/** Show the words of a state, unless the person is typing them. */
export function showWords(state) {
  if (box.value.trim() !== state.words.trim()) box.value = state.words;
  clear.hidden = box.value === "" && state.parts.length === 0;
}

/** Remember what was asked. */
function remember(words) {
  const text = words.trim();
  if (text) local.set("recent", [text, ...local.get("recent", []).filter((each) => each !== text)].slice(0, RECENT));
}

function search() {
  clearTimeout(timer);
  const words = box.value;
  if (words.trim() === current().words.trim()) return;
  go({ words, weight: words.trim() ? current().weight : PLUS, pin: "", view: "" }, { replace: typing });
  typing = true;
}

/** End the words, so that the next letter begins a new step of the history. */
function commit() {
  search();
  typing = false;
  remember(box.value);
  close();
}

async function suggest() {
  asked?.abort();
  const words = box.value.trim();
  if (!words) {
    show(local.get("recent", []).map((text) => ({ text, recent: true })));
    return;
  }
  if (!offered("/v1/suggest")) {
    close();
    return;
  }
  asked = new AbortController();
  try {
    const { suggestions } = await ask("v1/suggest", { query: { q: words, limit: 8 }, signal: asked.signal });
    const others = suggestions.filter((each) => each.text !== words);
    if (document.activeElement === box && box.value.trim() === words && current().words.trim() === words) show(others);
  } catch (error) {
    if (error.name !== "AbortError") close(); // suggestions are a courtesy; the search itself tells what is wrong
  }
}

function show(suggestions) {
  active = -1;
  box.removeAttribute("aria-activedescendant");
  if (!suggestions.length) {
    close();
    return;
  }
  const typed = box.value.trim();
  list.replaceChildren(
    ...suggestions.map(({ text, pins, kind, recent }, at) => {
      const same = text.toLowerCase().startsWith(typed.toLowerCase()) ? typed.length : 0;
      return el(
        "li",
        {
          id: `suggestion${at}`, role: "option", "aria-selected": "false", data: { text },
          onpointerdown: (event) => event.preventDefault(), // the box keeps the focus
          onclick: () => pick(text),
        },
        icon(recent ? "clock" : "search"),
        el("span", { class: "text" }, text.slice(0, same), el("b", {}, text.slice(same))),
        pins === undefined ? null : el("span", { class: "pins" }, `${kind === "board" ? "board, " : ""}${count(pins, "pin")}`),
      );
    }),
  );
  list.hidden = false;
  box.setAttribute("aria-expanded", "true");
}

function close() {
  asked?.abort();
  list.hidden = true;
  active = -1;
  box.setAttribute("aria-expanded", "false");
  box.removeAttribute("aria-activedescendant");
}

function pick(text) {
  box.value = text;
  commit();
}

function move(step) {
  const options = [...list.children];
  options[active]?.setAttribute("aria-selected", "false");
  active = (active + step + options.length + 1) % (options.length + 1);
  if (active === options.length) active = -1;
  if (active < 0) {
    box.removeAttribute("aria-activedescendant");
    return;
  }
  options[active].setAttribute("aria-selected", "true");
  options[active].scrollIntoView({ block: "nearest" });
  box.setAttribute("aria-activedescendant", options[active].id);
}

/** Listen to the box. */
export function listen() {
  box.addEventListener("input", () => {
    clear.hidden = box.value === "" && current().parts.length === 0;
    clearTimeout(timer);
    timer = setTimeout(() => {
      search();
      void suggest();
    }, TYPING_MS);
  });
  box.addEventListener("focus", () => {
    if (!box.value.trim()) void suggest();
  });
  box.addEventListener("blur", () => {
    close();
    if (typing) remember(box.value);
    typing = false;
  });
  box.addEventListener("keydown", (event) => {
    const open = !list.hidden;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (open) move(event.key === "ArrowDown" ? 1 : -1);
      else if (event.key === "ArrowDown") void suggest();
    } else if (event.key === "Escape" && open) {
      event.preventDefault();
      close();
    }
  });
  $(".search").addEventListener("submit", (event) => {
    event.preventDefault();
    if (active >= 0) pick(list.children[active].dataset.text);
    else commit();
  });
  clear.addEventListener("click", () => {
    box.value = "";
    typing = false;
    clearTimeout(timer);
    go({ words: "", weight: PLUS, parts: [], pin: "", view: "" });
    box.focus();
  });
  addEventListener("keydown", (event) => {
    const elsewhere = event.target === document.body || event.target.closest?.(".grid");
    if (event.key === "/" && elsewhere && !$("dialog[open]")) {
      event.preventDefault();
      box.focus();
      box.select();
    }
  });
}
