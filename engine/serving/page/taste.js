// What the person likes and hides: kept in this browser, sent with questions, never stored elsewhere.

import { offered } from "./api.js";
import { local } from "./store.js";

const MOST = 200;
const STRENGTH = 0.5;
const listeners = new Set();

/** Call back whenever likes or hides change. */
export const onTaste = (listener) => listeners.add(listener);
const told = (what) => listeners.forEach((each) => each(what));

/** Liked hits, newest first; as much of each as a tile shows. */
export const likes = () => local.get("likes", []);
export const hides = () => local.get("hides", []);
export const isLiked = (id) => likes().some((each) => each.id === id);
export const isHidden = (id) => hides().includes(id);

export function like(hit) {
  const { id, pin, picture } = hit;
  local.set("likes", [{ id, pin, picture }, ...likes().filter((each) => each.id !== id)].slice(0, MOST));
  unhide(id);
  told("likes");
}

export function unlike(id) {
  local.set("likes", likes().filter((each) => each.id !== id));
  told("likes");
}

export function hide(id) {
  local.set("hides", [id, ...hides().filter((each) => each !== id)].slice(0, MOST));
  told("hides");
}

export function unhide(id) {
  if (!isHidden(id)) return;
  local.set("hides", hides().filter((each) => each !== id));
  told("hides");
}

export function forget() {
  local.set("likes", []);
  local.set("hides", []);
  told("likes");
}

export const isPersonal = () => local.get("personal", true);
export function setPersonal(on) {
  local.set("personal", on);
  told("personal");
}

/** Return the ids that tell a taste, or null if there are none to tell or the person won't. */
export function taste() {
  // The engine wants the oldest first: what was liked last counts most.
  const [liked, hidden] = [likes().map((each) => each.id).reverse(), hides().toReversed()];
  return isPersonal() && liked.length + hidden.length ? { likes: liked, hides: hidden } : null;
}

/** Return what a search carries of the taste: nothing where the engine can't use it. */
export function forSearch() {
  const known = offered("/v1/search:for") ? taste() : null;
  return known ? { for: { ...known, strength: STRENGTH } } : {};
}
