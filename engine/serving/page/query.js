// The query as a value, how it stands in the address, and how it is asked.
//
// A state is {words, weight, parts, filter, pin, view}: the words of the box and their weight,
// further parts {kind: "text" | "pin" | "image", value, weight, crop}, a filter by key (lists of
// values; one "low..high" for the price), the pin that is open, and which view ("likes" or "").

import { session } from "./store.js";

export const PLUS = 1;
export const MINUS = -0.5;
export const WHOLE = "0,0,1,1";
const PICTURES_KEPT = 8;

export const EMPTY = Object.freeze({
  words: "", weight: PLUS, parts: [], filter: {}, pin: "", view: "",
});

/** Return the state that an address holds; what can't be read of it is left out. */
export function read(search) {
  const found = new URLSearchParams(search);
  const parts = found.getAll("part").map(partFrom).filter(Boolean);
  const filter = {};
  for (const [name, value] of found) {
    if (name.startsWith("f.")) (filter[name.slice(2)] ??= []).push(value);
  }
  return {
    words: found.get("q") ?? "",
    weight: weightFrom(found.get("w")) || PLUS,
    parts,
    filter,
    pin: found.get("pin") ?? "",
    view: found.get("view") === "likes" ? "likes" : "",
  };
}

/** Return the address of a state, relative to the page. */
export function href(state) {
  const out = new URLSearchParams();
  if (state.view) out.set("view", state.view);
  if (state.words.trim()) out.set("q", state.words);
  if (state.weight !== PLUS) out.set("w", String(state.weight));
  for (const { kind, value, weight, crop } of state.parts) {
    out.append("part", [weight, kind, crop ?? "", value].join(":"));
  }
  for (const [key, values] of Object.entries(state.filter)) {
    for (const each of values) out.append(`f.${key}`, each);
  }
  if (state.pin) out.set("pin", state.pin);
  return out.size ? `?${out}` : "./";
}

function weightFrom(text) {
  const weight = Number(text);
  return Number.isFinite(weight) && weight !== 0 && Math.abs(weight) <= 10 ? weight : 0;
}

function partFrom(text) {
  const [, weight, kind, crop, value] = /^([^:]*):(text|pin|image):([\d.,]*):(.*)$/s.exec(text) ?? [];
  if (!value || !weightFrom(weight)) return null;
  return { kind, value, weight: weightFrom(weight), ...(crop ? { crop } : {}) };
}

/** Say whether there is anything to look for; a query that only subtracts has nothing. */
export const asks = (state) => state.parts.length > 0 || state.words.trim() !== "";
export const subtractsOnly = (state) =>
  asks(state) && !(state.words.trim() && state.weight > 0) && state.parts.every((each) => each.weight < 0);

/** Return parts, as the engine takes them; raise if a picture is no longer here. */
export function partsOf(state) {
  const out = state.words.trim() ? [{ text: state.words.trim(), weight: state.weight }] : [];
  for (const { kind, value, weight, crop } of state.parts) {
    const cut = crop && crop !== WHOLE ? { crop } : {};
    if (kind === "image") out.push({ image: dataOf(value), weight, ...cut });
    else out.push({ [kind]: value, weight, ...cut });
  }
  return out;
}

/** Return the filter as the engine takes it. */
export function filterOf(state) {
  const single = new Set(["price", "has_text", "created_at"]);
  return Object.fromEntries(
    Object.entries(state.filter).map(([key, values]) => [key, single.has(key) ? values[0] : values]),
  );
}

/** Return what tells one question from another, whatever pin is open over it. */
export const keyOf = (state) => href({ ...state, pin: "", words: state.words.trim() });

export class PictureGone extends Error {
  constructor() {
    super("The picture of this search was only in the tab that it was dropped into. Choose it again.");
  }
}

/** Keep a picture for this tab and return what it is called in addresses. */
export function keepPicture(dataUrl) {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  const name = Array.from(bytes, (each) => each.toString(16).padStart(2, "0")).join("");
  const kept = [...session.get("pictures", []), name];
  for (const old of kept.splice(0, kept.length - PICTURES_KEPT)) session.set(`picture:${old}`, undefined);
  session.set("pictures", kept);
  session.set(`picture:${name}`, dataUrl);
  return name;
}

/** Return a kept picture as a data: URL; raise PictureGone. */
export function dataOf(name) {
  const found = session.get(`picture:${name}`, null);
  if (!found) throw new PictureGone();
  return found;
}
