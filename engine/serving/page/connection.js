// What to do while the engine can't be reached: say so, keep what is shown, try again by itself.

import { alive } from "./api.js";
import { $, el, say } from "./dom.js";

const LONGEST_S = 10;
const waiting = new Set();
let running = false;

/** Call `retry` once the engine answers again; what asked twice is called once. */
export function whenBack(retry) {
  waiting.add(retry);
  if (!running) void watch();
}

/** Forget what was to be tried again. */
export const noLonger = (retry) => waiting.delete(retry);

async function watch() {
  running = true;
  const banner = $(".banner");
  const left = el("span", {});
  let now = () => {};
  const button = el("button", { type: "button", onclick: () => now() }, "Try now");
  banner.replaceChildren(el("strong", {}, "The engine does not answer."), " ", left, button);
  banner.hidden = false;
  document.documentElement.classList.add("offline");
  for (let wait = 1; ; wait = Math.min(LONGEST_S, wait * 2)) {
    for (let second = Math.ceil(wait); second > 0; second -= 1) {
      left.textContent = `What you see stays. Trying again in ${second} s.`;
      const skipped = await Promise.race([
        new Promise((done) => setTimeout(done, 1000, false)),
        new Promise((done) => {
          now = () => done(true);
        }),
      ]);
      if (skipped) break;
    }
    left.textContent = "Trying…";
    if (await alive()) break;
  }
  running = false;
  banner.hidden = true;
  document.documentElement.classList.remove("offline");
  say("The engine is back.");
  const all = [...waiting];
  waiting.clear();
  for (const retry of all) retry();
}
