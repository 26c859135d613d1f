// A masonry of tiles: columns by the sizes that the answer tells, so nothing moves as pictures come.
//
// Tiles off the screen are neither laid out nor painted (content-visibility), which keeps a thousand
// of them smooth and leaves them all to find-in-page and screen readers. One tile at a time is in
// the tab order; arrow keys move it.

import { $, el } from "./dom.js";
import { linesOf, shapeOf, showLiked, tile } from "./tile.js";

const NARROWEST_REM = 13.5;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Grid {
  /**
   * list: the <ul> to fill.
   * act, address: see `tile`.
   * more: called when the end comes near.
   * columns: the fewest columns.
   */
  constructor(list, { act, address, more, fewest = 2 }) {
    this.list = list;
    this.options = { act, address };
    this.fewest = fewest;
    this.hits = [];
    this.tiles = new Map();
    this.places = [];
    this.current = null;
    this.width = 0;
    new ResizeObserver(([{ contentRect }]) => {
      if (Math.abs(contentRect.width - this.width) < 1) return;
      this.width = contentRect.width;
      this.list.classList.add("still");
      this.layOut();
    }).observe(list);
    list.addEventListener("keydown", (event) => this.#key(event));
    list.addEventListener("focusin", (event) => {
      const made = event.target.closest(".tile");
      if (made) this.#rove(made.dataset.id);
    });
    this.end = el("div", { class: "near-end", "aria-hidden": "true" });
    list.after(this.end);
    new IntersectionObserver(
      (entries) => {
        this.atEnd = entries.some((each) => each.isIntersecting);
        if (this.atEnd && this.hits.length) more?.();
      },
      { root: list.closest("dialog"), rootMargin: "1200px" },
    ).observe(this.end);
  }

  /** Show hits instead of those before; tiles that stay keep their pictures. */
  set(hits) {
    this.hits = unique(hits);
    const stay = new Set(this.hits.map((each) => each.id));
    for (const [id, made] of this.tiles) {
      if (stay.has(id)) continue;
      made.remove();
      this.tiles.delete(id);
    }
    this.list.classList.remove("waiting", "still");
    this.list.querySelectorAll(".skeleton").forEach((each) => each.remove());
    if (!this.tiles.has(this.current)) this.current = this.hits[0]?.id ?? null;
    this.#fill();
  }

  /** Show hits after those that are there. */
  append(hits) {
    this.hits = unique([...this.hits, ...hits]);
    this.#fill();
  }

  /** Take a pin away; return what puts it back. */
  remove(id) {
    const before = this.hits;
    const at = before.findIndex((each) => each.id === id);
    if (at < 0) return () => {};
    this.hits = before.toSpliced(at, 1);
    const next = this.hits[Math.min(at, this.hits.length - 1)];
    const focused = this.tiles.get(id)?.contains(document.activeElement);
    this.tiles.get(id)?.remove();
    this.tiles.delete(id);
    if (this.current === id) this.current = next?.id ?? null;
    this.#fill();
    if (focused && next) this.focus(next.id);
    return () => {
      if (this.tiles.has(id)) return;
      this.hits = this.hits.toSpliced(Math.min(at, this.hits.length), 0, before[at]);
      this.#fill();
    };
  }

  /** Show grey places until an answer comes. */
  skeleton() {
    this.set([]);
    this.list.classList.add("waiting");
    const shapes = [0.75, 1, 0.66, 0.8, 1.2, 0.7, 0.9, 0.62, 1.1, 0.78, 0.7, 1, 0.85, 0.68];
    for (let at = 0; at < 24; at += 1) {
      const made = el("li", { class: "tile skeleton", "aria-hidden": "true" }, el("span", { class: "frame" }));
      made.shape = shapes[at % shapes.length];
      this.list.append(made);
    }
    this.layOut();
  }

  /** Move the focus to a pin's tile; return whether it is there. */
  focus(id) {
    const made = this.tiles.get(id);
    if (!made) return false;
    this.#rove(id);
    $(".tile-link", made).focus();
    return true;
  }

  showLiked() {
    for (const made of this.tiles.values()) showLiked(made);
  }

  #fill() {
    for (const [at, hit] of this.hits.entries()) {
      let made = this.tiles.get(hit.id);
      if (!made) {
        made = tile(hit, this.options);
        made.classList.add("new");
        this.tiles.set(hit.id, made);
      } else $(".tile-link", made).setAttribute("href", this.options.address(hit.id));
      if (this.list.children[at] !== made) this.list.insertBefore(made, this.list.children[at] ?? null);
    }
    this.#rove(this.current ?? this.hits[0]?.id);
    this.layOut();
  }

  /** Put each tile below the shortest column. */
  layOut() {
    const width = this.width || this.list.clientWidth;
    if (!width) return;
    const style = getComputedStyle(this.list);
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const gap = parseFloat(style.getPropertyValue("--gap")) * rem;
    const line = parseFloat(style.getPropertyValue("--line")) * rem;
    const columns = Math.max(this.fewest, Math.floor((width + gap) / (NARROWEST_REM * rem + gap)));
    const wide = (width - gap * (columns - 1)) / columns;
    const ends = new Array(columns).fill(0);
    const waiting = this.list.classList.contains("waiting");
    const shown = waiting
      ? [...this.list.children].map((made) => ({ made, shape: made.shape, lines: 1 }))
      : this.hits.map((hit) => ({ made: this.tiles.get(hit.id), shape: shapeOf(hit), lines: linesOf(hit) }));
    this.list.style.setProperty("--wide", `${wide}px`);
    this.places = shown.map(({ made, shape, lines }) => {
      const column = ends.indexOf(Math.min(...ends));
      const [x, y] = [column * (wide + gap), ends[column]];
      const picture = Math.round(wide / shape);
      const tall = picture + (lines ? lines * line + 0.5 * rem : 0);
      ends[column] += tall + gap;
      made.style.setProperty("--tall", `${tall}px`);
      made.style.setProperty("--picture", `${picture}px`);
      made.style.transform = `translate(${x}px, ${y}px)`;
      return { made, column, y, tall };
    });
    this.list.style.height = `${Math.max(0, Math.max(...ends) - gap)}px`;
  }

  /** Let the tab key reach one tile alone. */
  #rove(id) {
    if (this.roving && this.roving !== this.tiles.get(id)) $(".tile-link", this.roving)?.setAttribute("tabindex", "-1");
    this.current = id ?? null;
    this.roving = this.tiles.get(id) ?? null;
    if (this.roving) $(".tile-link", this.roving).setAttribute("tabindex", "0");
  }

  #key(event) {
    const made = event.target.closest(".tile");
    if (!made || event.altKey || event.ctrlKey || event.metaKey) return;
    const at = this.places.findIndex((each) => each.made === made);
    if (at < 0) return;
    let next = null;
    if (event.key in ARROWS) next = this.#neighbour(at, ...ARROWS[event.key]);
    else if (event.key === "Home") next = this.places[0];
    else if (event.key === "End") next = this.places.at(-1);
    else return;
    event.preventDefault();
    if (!next) return;
    this.focus(next.made.dataset.id);
    next.made.scrollIntoView({ block: "nearest" });
  }

  /** Return the next place in a direction: in its column, or the nearest in the column beside. */
  #neighbour(at, right, down) {
    const here = this.places[at];
    if (down) {
      const column = this.places.filter((each) => each.column === here.column);
      return column[column.indexOf(here) + down];
    }
    const middle = here.y + here.tall / 2;
    const away = (each) => Math.abs(each.y + each.tall / 2 - middle);
    return this.places
      .filter((each) => each.column === here.column + right)
      .reduce((best, each) => (best && away(best) <= away(each) ? best : each), undefined);
  }
}

/** Return hits with each pin once; pages may shift after a write. */
function unique(hits) {
  const seen = new Set();
  return hits.filter(({ id }) => !seen.has(id) && seen.add(id));
}
