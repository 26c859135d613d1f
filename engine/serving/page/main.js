// The page put together: what the state is, is shown; what the person does, changes the state.

import { Unreachable } from "./api.js";
import { showChips, nameChip } from "./chips.js";
import { whenBack } from "./connection.js";
import { Detail } from "./detail.js";
import { $, calm, fillIcons, icon, say } from "./dom.js";
import { learn, showFilters } from "./filters.js";
import { Grid } from "./grid.js";
import { showLens } from "./lens.js";
import * as pictures from "./picture.js";
import { EMPTY, MINUS, PLUS, href, keyOf } from "./query.js";
import { Results } from "./results.js";
import { addPart, current, go, goTo, onChange } from "./state.js";
import { local } from "./store.js";
import { listen, showWords } from "./suggest.js";
import { hide, isLiked, like, likes, onTaste, unhide, unlike } from "./taste.js";
import { toast } from "./toast.js";
import { learnTopics, showTopics } from "./topics.js";

fillIcons();
history.scrollRestoration = "manual";

const address = (id) => href({ ...current(), pin: id });
const grid = new Grid($("#results .grid"), { act, address, more: () => results.more() });
const results = new Results(grid);
const detail = new Detail({
  act,
  address,
  find: (id) => grid.hits.find((each) => each.id === id),
  why(id) {
    const { pages } = results;
    const known = pages?.explains && pages.hits.some((each) => each.id === id) && current().view === "";
    return known && results.asked && document.documentElement.dataset.view === "search" ? (which) => pages.why(which) : null;
  },
  closed(id) {
    if (!grid.focus(id)) $("#words").focus({ preventScroll: true });
  },
});

/** Do what the person asks for with a hit. */
function act(what, hit) {
  const { id } = hit;
  if (hit.pin) nameChip(id, hit.pin.description || "This pin");
  if (what === "open") go({ pin: id });
  else if (what === "plus" || what === "minus") {
    addPart({ kind: "pin", value: id, weight: what === "plus" ? PLUS : MINUS });
    if (!calm()) scrollTo({ top: 0, behavior: "smooth" });
  } else if (what === "like") {
    if (isLiked(id)) unlike(id);
    else like(hit);
    say(isLiked(id) ? "Liked." : "No longer liked.");
    if (!isLiked(id)) toast("No longer liked.", () => like(hit));
  } else if (what === "hide") {
    hide(id);
    if (current().pin === id) go({ pin: "" }, { replace: true });
    const back = [grid.remove(id), detail.remove(id)];
    toast("Hidden. You won’t see this pin again.", () => {
      unhide(id);
      for (const each of back) each();
    });
  }
}

function render(state, before) {
  showWords(state);
  showChips(state);
  showLens(state);
  showFilters(state);
  showTopics(state);
  const home = $(".home");
  home.setAttribute("href", "./");
  $(".likes").setAttribute("aria-current", state.view === "likes" ? "page" : "false");
  if (!before || keyOf(before) !== keyOf(state)) void results.show(state);
  void detail.show(state);
}

onChange(render);
onTaste((what) => {
  grid.showLiked();
  detail.showLiked();
  showFilters(current());
  $(".likes").classList.toggle("some", likes().length > 0);
  if (what === "personal") results.refresh();
  else if (current().view === "likes") void results.show(current(), true);
  else results.kept.clear(); // the next answer follows the taste; this one stays as it is
});

function plainLink(link, change) {
  link.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    if (keyOf({ ...EMPTY, ...change }) === keyOf(current())) results.refresh();
    else goTo(change);
    scrollTo({ top: 0, behavior: "instant" });
  });
}
plainLink($(".home"), {});
plainLink($(".likes"), { view: "likes" });
$(".likes").classList.toggle("some", likes().length > 0);

const THEMES = { auto: ["contrast", "as the system"], light: ["sun", "light"], dark: ["moon", "dark"] };
function showTheme(theme) {
  const button = $(".theme");
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  button.replaceChildren(icon(THEMES[theme][0]));
  button.setAttribute("aria-label", `Appearance: ${THEMES[theme][1]}`);
  button.title = `Appearance: ${THEMES[theme][1]}`;
}
const themeNow = () => document.documentElement.dataset.theme ?? "auto";
$(".theme").addEventListener("click", () => {
  const names = Object.keys(THEMES);
  const next = names[(names.indexOf(themeNow()) + 1) % names.length];
  try {
    localStorage.setItem("theme", next);
  } catch {
    local.set("theme", next);
  }
  showTheme(next);
  say($(".theme").title);
});
showTheme(themeNow());

listen();
pictures.listen(
  (name) => {
    // A picture takes the place of another one; words and pins stay.
    const others = current().parts.filter((each) => each.kind !== "image");
    go({ parts: [...others, { kind: "image", value: name, weight: PLUS }], pin: "", view: "" });
    scrollTo({ top: 0, behavior: "instant" });
  },
  (message) => toast(message),
);

function learned(job) {
  job().catch((error) => {
    if (error instanceof Unreachable) whenBack(() => learned(job));
    // What else goes wrong with these is told by the search itself.
  });
}

render(current());
learned(learn);
learned(learnTopics);

let pinned = false;
addEventListener("scroll", () => {
  if (pinned === scrollY > 4) return;
  pinned = !pinned;
  $(".bar").classList.toggle("raised", pinned);
}, { passive: true });
