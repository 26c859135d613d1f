// The state that the page shows, and its history: back, forward and reload lead to what was there.

import { EMPTY, href, read } from "./query.js";

let state = read(location.search);
const listeners = [];

export const current = () => state;

/** Call back with the new state and the one before, on each change. */
export const onChange = (listener) => listeners.push(listener);

/** How many pins were opened one over another since the page below them. */
export const depth = () => history.state?.depth ?? 0;

function become(next) {
  const before = state;
  state = next;
  for (const listener of listeners) listener(state, before);
}

/**
 * Change the state and the address.
 *
 * replace: the change takes the place of the last one, as a letter typed after another does.
 */
export function go(change, { replace = false } = {}) {
  const next = { ...state, ...change };
  if (!next.pin && href(next) === href(state)) return;
  const opened = next.pin && next.pin !== state.pin;
  const deep = { depth: next.pin ? depth() + (opened && !replace ? 1 : 0) : 0 };
  if (replace) history.replaceState(deep, "", href(next));
  else history.pushState(deep, "", href(next));
  become(next);
}

/** Go to a wholly new state. */
export const goTo = (change = {}) => go({ ...EMPTY, ...change });

/** Close the pin that is open: back to what lies below it, however many were opened. */
export function closePin() {
  const deep = depth();
  if (deep > 0) history.go(-deep);
  else go({ pin: "" }, { replace: true });
}

/** Change a part, or take it away with null. */
export function changePart(at, change, options) {
  const parts = [...state.parts];
  if (change === null) parts.splice(at, 1);
  else parts[at] = { ...parts[at], ...change };
  go({ parts }, options);
}

/** Add a part, in place of one of the same thing; the pin that is open closes. */
export function addPart(part) {
  const others = state.parts.filter((each) => each.kind !== part.kind || each.value !== part.value);
  go({ parts: [...others, part], pin: "", view: "" });
}

addEventListener("popstate", () => become(read(location.search)));
