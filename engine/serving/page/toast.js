// Short messages at the foot of the window, some with a way back.

import { $, el } from "./dom.js";

const SHOWN_MS = 7000;

/** Say something for a while; `undo` gives it a button. */
export function toast(text, undo) {
  const made = el("div", { class: "toast" }, el("span", {}, text));
  const away = () => {
    made.classList.add("leaving");
    setTimeout(() => made.remove(), 200);
  };
  let timer = setTimeout(away, SHOWN_MS);
  if (undo) {
    made.append(
      el("button", {
        type: "button",
        onclick() {
          clearTimeout(timer);
          undo();
          away();
        },
      }, "Undo"),
    );
  }
  made.addEventListener("pointerenter", () => clearTimeout(timer));
  made.addEventListener("pointerleave", () => {
    timer = setTimeout(away, SHOWN_MS);
  });
  // A dialog that is open covers what is not in it.
  const place = $("dialog[open] .toasts") ?? $("body > .toasts");
  place.replaceChildren(made);
}
