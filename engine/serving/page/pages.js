// An answer that comes page by page, and why its hits stand where they stand.

import { ask } from "./api.js";

export class Pages {
  /** path: the route; body or query: what it is asked, without the cursor. */
  constructor(path, { body, query }) {
    this.path = path;
    this.asked = { body, query };
    this.loaded = []; // {cursor, ids} of each page
    this.hits = [];
    this.next = null;
    this.started = false;
  }

  get done() {
    return this.started && this.next === null;
  }

  /** Return the next page. */
  async load(signal) {
    const cursor = this.next;
    const answer = await this.#ask({ cursor }, signal);
    this.started = true;
    this.loaded.push({ cursor, ids: answer.hits.map((each) => each.id) });
    this.hits.push(...answer.hits);
    this.next = answer.next ?? null;
    return answer;
  }

  /** Say whether the engine can tell why these hits are here. */
  get explains() {
    return this.path !== "v1/feed";
  }

  /** Return why a hit is where it is, null if that can't be told (any more). */
  async why(id, signal) {
    const page = this.loaded.find((each) => each.ids.includes(id));
    if (!page || !this.explains) return null;
    const answer = await this.#ask({ cursor: page.cursor, explain: true }, signal);
    return answer.hits.find((each) => each.id === id) ?? null;
  }

  #ask(more, signal) {
    const given = Object.fromEntries(Object.entries(more).filter(([, value]) => value !== null));
    const { body, query } = this.asked;
    if (body) return ask(this.path, { body: { ...body, ...given }, signal });
    return ask(this.path, { query: { ...query, ...given }, signal });
  }
}
