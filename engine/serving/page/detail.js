// One pin up close: its picture and words, what it costs and where, why it is here, and its like.

import { ask, offered, pinPath, Refused, showPicture, Unreachable } from "./api.js";
import { noLonger, whenBack } from "./connection.js";
import { $, el, icon, say } from "./dom.js";
import { Grid } from "./grid.js";
import { Pages } from "./pages.js";
import { EMPTY, MINUS, PLUS, WHOLE, href } from "./query.js";
import { seenPanels } from "./seen.js";
import { addPart, closePin, goTo } from "./state.js";
import { isHidden, isLiked } from "./taste.js";
import { whyPanel } from "./why.js";
import { count, keyName, nameOf, priceOf, safeLink, siteOf } from "./words.js";

const dialog = $("dialog.detail");
const RELATED = 24;

export class Detail {
  /**
   * act: see `tile`. find: returns the hit of an id that is shown already. why: asks why it stands
   * where it stands, or returns null where that is unknown. closed: called when the last one closes.
   */
  constructor({ act, address, find, why, closed }) {
    Object.assign(this, { act, address, find, why, closed });
    this.id = "";
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      closePin();
    });
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) closePin();
    });
  }

  /** Show the pin of a state, or none. */
  async show({ pin: id }) {
    if (id === this.id) return;
    const before = this.id;
    this.id = id;
    this.asked?.abort();
    noLonger(this.again);
    if (!id) {
      dialog.close();
      dialog.replaceChildren();
      document.documentElement.classList.remove("covered");
      this.grid = null;
      this.closed(before);
      return;
    }
    const hit = this.grid?.hits.find((each) => each.id === id) ?? this.find(id);
    const why = this.grid?.hits.includes(hit) ? this.#relatedWhy() : this.why(id);
    this.asked = new AbortController();
    this.again = () => this.#load(id, hit, why);
    if (!dialog.open) {
      document.documentElement.classList.add("covered");
      dialog.replaceChildren(bar(), el("p", { class: "muted loading" }, "…"));
      dialog.showModal();
    }
    await this.#load(id, hit, why);
  }

  #relatedWhy() {
    const { related } = this;
    return (id) => related.why(id);
  }

  async #load(id, hit, why) {
    const { signal } = this.asked;
    try {
      const known = hit ?? { id, pin: await ask(pinPath(id), { signal }) };
      if (!signal.aborted) this.#draw(known, why);
    } catch (error) {
      if (error.name === "AbortError") return;
      if (error instanceof Unreachable) whenBack(this.again);
      const text = error instanceof Refused && error.status === 404 ? "This pin is not here (any more)." : error.message;
      dialog.replaceChildren(bar(), el("div", { class: "message" }, el("h2", { id: "detail-title" }, text)));
      say(text);
    }
  }

  #draw(hit, why) {
    const { id, pin } = hit;
    const act = (what) => (event) => this.act(what, hit, event);
    const like = el("button", {
      class: "round like", type: "button", icon: "heart", "aria-label": "Like", title: "Like",
      "aria-pressed": String(isLiked(id)), onclick: act("like"),
    });
    const tools = el(
      "div", { class: "tools" },
      like,
      el("button", { class: "round", type: "button", icon: "plus", "aria-label": "More like this", title: "More like this", onclick: () => addPart({ kind: "pin", value: id, weight: PLUS }) }),
      el("button", { class: "round", type: "button", icon: "minus", "aria-label": "Less like this", title: "Less like this", onclick: () => addPart({ kind: "pin", value: id, weight: MINUS }) }),
      el("button", { class: "round", type: "button", icon: "hide", "aria-label": "Hide this pin", title: "Hide", onclick: act("hide") }),
    );
    const list = el("ul", { class: "grid", role: "list", "aria-label": "Related pins" });
    const seen = el("div", { class: "seen" });
    const copies = el("div", { class: "same" });
    dialog.replaceChildren(
      bar(),
      el(
        "article", { class: "close-up" },
        frameOf(hit),
        el("div", { class: "facts" }, tools, ...facts(pin), copies,
          why ? whyPanel(() => why(id)) : null, seen),
      ),
      el("section", { class: "related", "aria-label": "More like this" }, el("h3", {}, "More like this"), this.#but(id), el("p", { class: "muted none" }), list),
      el("div", { class: "toasts", role: "region", "aria-live": "polite", "aria-label": "Messages in this pin" }),
    );
    dialog.scrollTop = 0;
    this.grid = new Grid(list, { act: this.act, address: this.address, more: () => this.#more() });
    this.#relate(id, "");
    void sameAs(copies, hit, this.address, this.act);
    seenPanels(seen, { pin: id });
    $(".close", dialog).focus({ preventScroll: true });
    say(nameOf(pin));
  }

  /** Return the form of "more like this, but …". */
  #but(id) {
    const field = el("input", { type: "text", placeholder: "but …  blue, in wood, without dots", "aria-label": "More like this, but", maxlength: "200" });
    let timer = 0;
    const use = () => {
      clearTimeout(timer);
      this.#relate(id, field.value.trim());
    };
    const form = el("form", { class: "but" }, field,
      el("button", { class: "primary small", type: "submit" }, "Show"));
    field.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(use, 350);
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      use();
    });
    return form;
  }

  /** Show pins like a pin, changed by words; "without …" takes them away. */
  #relate(id, words) {
    const [, but, without] = /^(.*?)(?:\b(?:without|no)\s+(.*))?$/is.exec(words).map((each) => each?.trim());
    if (!words || offered("/v1/pins/{id}/related:but")) {
      const query = { limit: RELATED, ...(but ? { but } : {}), ...(without ? { minus: without } : {}) };
      this.related = new Pages(`${pinPath(id)}/related`, { query });
    } else {
      const parts = [{ pin: id }, ...(but ? [{ text: but }] : []), ...(without ? [{ text: without, weight: MINUS }] : [])];
      this.related = new Pages("v1/search", { body: { parts, limit: RELATED } });
    }
    void this.#more();
  }

  async #more() {
    const { related, grid } = this;
    if (!related || related.done || related.going) return;
    related.going = true;
    const first = !related.started;
    try {
      await related.load(this.asked.signal);
      if (related !== this.related || grid !== this.grid) return;
      const hits = related.hits.filter((each) => each.id !== this.id && !isHidden(each.id));
      if (first) grid.set(hits);
      else grid.append(hits);
      $(".related .none", dialog).textContent = hits.length ? "" : "Nothing like it is here.";
    } catch (error) {
      if (error instanceof Unreachable) whenBack(() => grid === this.grid && this.#more());
      else if (error.name !== "AbortError" && first) $(".related .none", dialog).textContent = error.message;
      else related.next = null;
    } finally {
      related.going = false;
    }
  }

  /** Take a hidden pin away from the related ones; return what puts it back. */
  remove(id) {
    return this.grid?.remove(id) ?? (() => {});
  }

  showLiked() {
    $(".close-up .like", dialog)?.setAttribute("aria-pressed", String(isLiked(this.id)));
    this.grid?.showLiked();
  }
}

function bar() {
  return el("div", { class: "top" }, el("button", { class: "round close", type: "button", icon: "back", "aria-label": "Back to the pins", title: "Back", onclick: closePin }));
}

function frameOf({ id, pin, picture }) {
  const img = el("img", { alt: pin.description ?? "", width: picture?.width, height: picture?.height, decoding: "async" });
  const wash = el("img", { class: "wash", alt: "", "aria-hidden": "true" });
  const frame = el("div", { class: "frame" }, wash, img);
  img.addEventListener("load", () => {
    wash.src = img.currentSrc;
  }, { once: true });
  img.addEventListener("error", () => {
    frame.classList.add("gone");
    img.replaceWith(el("p", {}, "The picture is not kept here."));
  }, { once: true });
  showPicture(img, id, "full");
  frame.append(el("button", {
    class: "lens-button", type: "button", title: "Search for a part of this picture",
    onclick: () => goTo({ parts: [{ kind: "pin", value: id, weight: PLUS, crop: WHOLE }] }),
  }, icon("lens"), "Search in this picture"));
  return frame;
}

function facts(pin) {
  const link = pin.link ? safeLink(pin.link) : null;
  const cost = priceOf(pin);
  const filter = (key, value) => ({
    href: href({ ...EMPTY, filter: { [key]: [value] } }),
    onclick: (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      goTo({ filter: { [key]: [value] } });
    },
  });
  const attributes = Object.entries(pin.attributes ?? {}).filter(([, value]) => value.length <= 60);
  return [
    el("h2", { id: "detail-title" }, nameOf(pin)),
    pin.board_title ? el("p", { class: "board" }, "On the board ", el("a", filter("board_title", pin.board_title), pin.board_title)) : null,
    cost || link || pin.merchant ? el(
      "div", { class: "offer-line" },
      el("div", {}, cost ? el("span", { class: "price" }, cost) : null,
        pin.merchant ? el("span", { class: "muted" }, cost ? "at " : "", el("a", filter("merchant", pin.merchant), pin.merchant)) : null),
      link ? el("a", { class: "primary", href: link.href, target: "_blank", rel: "noopener noreferrer nofollow", "aria-label": `Visit ${siteOf(link)}, in a new tab` }, `Visit ${siteOf(link)}`, icon("out")) : null,
    ) : null,
    attributes.length ? el(
      "dl", { class: "attributes" },
      attributes.map(([name, value]) => el("div", {}, el("dt", {}, keyName(name)), el("dd", {}, el("a", filter(`attributes.${name}`, value), value)))),
    ) : null,
  ].filter(Boolean);
}

/** Show the pins with nearly this picture. */
async function sameAs(place, hit, address, act) {
  let ids = hit.duplicates?.ids ?? [];
  let number = hit.duplicates?.count ?? 0;
  if (offered("/v1/pins/{id}/duplicates")) {
    const found = await ask(`${pinPath(hit.id)}/duplicates`).catch(() => null);
    const same = found?.duplicates.filter((each) => each.kind !== "alike") ?? [];
    if (found) [ids, number] = [same.map((each) => each.id), same.length];
  }
  if (!number || !place.isConnected) return;
  place.replaceChildren(
    el("p", { class: "muted" }, icon("copies"), `${count(number, "other pin")} with nearly this picture`),
    el("div", { class: "row" }, ids.slice(0, 8).map((id) => {
      const img = el("img", { alt: "", width: 56, height: 56 });
      showPicture(img, id, "thumb");
      return el("a", {
        href: address(id), "aria-label": `Pin ${id}`,
        onclick: (event) => {
          event.preventDefault();
          act("open", { id }, event);
        },
      }, img);
    })),
  );
}
