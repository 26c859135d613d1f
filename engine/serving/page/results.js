// Answers in the main grid: asked, shown, told, and gone on with; stale ones are dropped.

import { ask, offered, Refused, Unreachable } from "./api.js";
import { noLonger, whenBack } from "./connection.js";
import { $, el, icon, say } from "./dom.js";
import { notice } from "./filters.js";
import { Pages } from "./pages.js";
import { EMPTY, asks, filterOf, href, keyOf, partsOf, subtractsOnly } from "./query.js";
import { current, go, goTo } from "./state.js";
import { forSearch, isHidden, likes, taste } from "./taste.js";
import { count } from "./words.js";

const SLOW_MS = 200;
const KEPT = 12; // answers that Back finds at once
const PAGE = matchMedia("(max-width: 640px)").matches ? 24 : 40;
const root = document.documentElement;
const notices = $(".notices");

export class Results {
  constructor(grid) {
    this.grid = grid;
    this.pages = null;
    this.key = null;
    this.kept = new Map(); // by key: {pages, answer, scroll}
    this.again = () => this.show(current(), true);
    this.again2 = () => this.more();
  }

  /** Show the answer to a state; `anew` asks although it is shown already. */
  async show(state, anew = false) {
    const key = keyOf(state);
    if (key === this.key && !anew) return;
    this.#leave();
    this.key = key;
    document.title = titleOf(state);
    $("h1.title").textContent = headingOf(state);
    root.dataset.view = viewOf(state);
    if (state.view === "likes") return this.#likes();
    if (subtractsOnly(state)) {
      this.grid.set([]);
      return this.#tell(message("minus", "Add something to look for", "This search only takes away. Add words, a picture or a pin with a plus."));
    }
    this.asked = new AbortController();
    const kept = anew ? null : this.kept.get(key);
    if (kept) {
      this.pages = kept.pages;
      this.#present(state, kept.answer, kept.pages.hits);
      scrollTo({ top: kept.scroll, behavior: "instant" });
      return;
    }
    const { signal } = this.asked;
    const slow = setTimeout(() => {
      root.classList.add("slow");
      if (!this.grid.hits.length) this.grid.skeleton();
    }, SLOW_MS);
    try {
      const pages = this.#ask(state);
      const answer = await pages.load(signal);
      if (signal.aborted) return;
      this.pages = pages;
      this.kept.set(key, { pages, answer, scroll: 0 });
      if (this.kept.size > KEPT) this.kept.delete(this.kept.keys().next().value);
      if (!anew) scrollTo({ top: 0, behavior: "instant" });
      this.#present(state, answer, pages.hits);
    } catch (error) {
      if (error.name !== "AbortError" && !signal.aborted) this.#failed(error, this.again);
    } finally {
      clearTimeout(slow);
      if (this.asked?.signal === signal || signal.aborted === false) root.classList.remove("slow");
    }
  }

  /** Go on where the answer ends. */
  async more() {
    const { pages } = this;
    if (!pages || pages.done || this.going) return;
    this.going = true;
    let went = false;
    try {
      await pages.load(this.asked?.signal);
      if (pages !== this.pages) return;
      this.grid.append(shown(pages.hits));
      notice(pages.hits);
      if (pages.done) this.#end();
      went = true;
    } catch (error) {
      if (error instanceof Unreachable) whenBack(this.again2);
      else if (error instanceof Refused && pages === this.pages) pages.next = null; // the end of what may be asked
    } finally {
      this.going = false;
    }
    // A short page may leave the end in sight.
    if (went && this.grid.atEnd) void this.more();
  }

  /** Ask anew, because of what counts besides the query; answers kept for Back are stale. */
  refresh() {
    this.kept.clear();
    void this.show(current(), true);
  }

  #leave() {
    this.asked?.abort();
    noLonger(this.again);
    noLonger(this.again2);
    const kept = this.kept.get(this.key);
    if (kept) kept.scroll = scrollY;
    root.classList.remove("slow");
  }

  #ask(state) {
    const filter = filterOf(state);
    if (asks(state)) {
      return new Pages("v1/search", { body: { parts: partsOf(state), filter, limit: PAGE, ...forSearch() } });
    }
    if (offered("/v1/feed")) {
      return new Pages("v1/feed", { body: { likes: [], hides: [], ...taste(), filter, limit: PAGE } });
    }
    // Without a feed: a varied walk through all that is there.
    return new Pages("v1/search", { body: { parts: [{ text: "picture" }], filter, limit: PAGE, diversity: 0.7 } });
  }

  #present(state, answer, hits) {
    const left = shown(hits);
    this.grid.set(left);
    notice(hits);
    root.classList.remove("slow");
    const told = asks(state) ? [...corrected(answer), ...doubted(answer, left)] : [];
    if (!left.length) told.push(nothing(state));
    notices.replaceChildren(...told);
    if (!left.length) void this.#isEmpty(state);
    $(".end").textContent = "";
    if (this.pages.done && left.length) this.#end();
    say(spokenOf(state, answer, left, this.pages.done));
    if (this.grid.atEnd && !this.pages.done) void this.more();
  }

  #end() {
    if (this.grid.hits.length > 12) $(".end").textContent = "That is all.";
  }

  #likes() {
    this.pages = null;
    const liked = likes();
    this.grid.set(liked);
    $(".end").textContent = "";
    if (liked.length) notices.replaceChildren();
    else this.#tell(message("heart", "Nothing liked yet", "Like a pin with its heart. What you like stays in this browser, and the start page follows it."));
    say(count(liked.length, "liked pin"));
  }

  async #isEmpty(state) {
    const { pins } = await ask("v1/info").catch(() => ({ pins: -1 }));
    if (pins === 0 && keyOf(state) === this.key) this.#tell(noPins());
  }

  #tell(...told) {
    notices.replaceChildren(...told);
    $(".end").textContent = "";
    say(told.map((each) => each.textContent).join(" "));
  }

  #failed(error, again) {
    root.classList.remove("slow");
    if (error instanceof Unreachable) {
      whenBack(again);
      if (this.grid.list.classList.contains("waiting")) this.grid.set([]);
      return;
    }
    this.key = null;
    this.grid.set([]);
    const failed = error instanceof Refused && error.status >= 500;
    const retry = el("button", { class: "primary", type: "button", onclick: again }, "Try again");
    const made = message(failed ? "hide" : "search", failed ? "The engine could not answer" : "That can’t be searched for", upper(error.message));
    if (failed) made.append(retry);
    this.#tell(made);
  }
}

const shown = (hits) => hits.filter((each) => !isHidden(each.id));
const upper = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;

function viewOf(state) {
  if (state.view) return state.view;
  return asks(state) ? "search" : "start";
}

function titleOf(state) {
  if (state.view === "likes") return "Liked pins";
  const parts = state.parts.map((each) => (each.kind === "text" ? each.value : "picture"));
  return asks(state) ? `${[state.words.trim(), ...parts].filter(Boolean).join(" + ")} – Pins` : "Pins";
}

function headingOf(state) {
  if (state.view === "likes") return "Liked pins";
  if (!asks(state)) return "Pins for you";
  return state.words.trim() ? `Pins for ${state.words.trim()}` : "Pins for your search";
}

function spokenOf(state, answer, hits, done) {
  if (!hits.length) return notices.textContent;
  const number = `${count(hits.length, "pin")}${done ? "" : " so far"}.`;
  return answer.nothing_relevant && asks(state) ? `${notices.textContent} ${number}` : number;
}

/** Return a designed message: a picture, what is so, and what to do. */
function message(picture, title, text, ...more) {
  return el("div", { class: "message" }, el("span", { class: "badge" }, icon(picture)),
    el("h2", {}, title), text ? el("p", {}, text) : null, ...more);
}

function corrected({ corrections }) {
  return Object.entries(corrections ?? {}).map(([asked, read]) =>
    el("p", { class: "told" }, "No pin says ", el("q", {}, asked), ". Shown: pins for ", el("b", {}, read), "."));
}

function doubted(answer, hits) {
  if (!answer.nothing_relevant || !hits.length) return [];
  const made = el("div", { class: "doubt", role: "note" }, icon("search"),
    el("p", {}, el("b", {}, "Nothing here is likely to be what you asked for."), " The nearest pins are below."));
  void didYouMean().then((link) => link && made.append(link));
  return [made];
}

async function didYouMean() {
  const words = current().words.trim();
  if (!words || !offered("/v1/suggest")) return null;
  const found = await ask("v1/suggest", { query: { q: words, limit: 1 } }).catch(() => null);
  if (!found?.did_you_mean || current().words.trim() !== words) return null;
  return el("p", {}, "Did you mean ", el("a", {
    href: href({ ...EMPTY, words: found.did_you_mean }),
    onclick: (event) => {
      event.preventDefault();
      go({ words: found.did_you_mean });
    },
  }, found.did_you_mean), "?");
}

function nothing(state) {
  const filtered = Object.keys(state.filter).length > 0;
  const clear = el("button", { class: "primary", type: "button", onclick: () => go({ filter: {} }) }, "Clear the filters");
  const start = el("button", { class: "primary", type: "button", onclick: () => goTo() }, "Back to the start");
  if (filtered) return message("search", "No pin passes the filters", "There are pins, but none with all that the filters ask for.", clear);
  return message("search", "No pins found", asks(state) ? "Try other words, or fewer of them." : "", asks(state) ? start : null);
}

function noPins() {
  return message("copies", "No pins yet", "Give the engine some pictures, and they are here as soon as they are in:",
    el("pre", {}, el("code", {}, "engine index ~/Pictures")));
}
