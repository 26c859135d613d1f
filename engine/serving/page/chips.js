// The query as chips: each part with its sign, its weight, and a way out; and words to add.

import { showPicture } from "./api.js";
import { $, el, icon } from "./dom.js";
import { MINUS, PLUS, PictureGone } from "./query.js";
import { urlOf } from "./picture.js";
import { addPart, changePart, go } from "./state.js";

const names = new Map(); // what pins that were made part of the query are called

/** Remember what a pin is called, for its chip. */
export const nameChip = (id, name) => names.set(id, name);

/** Show the chips of a state; a query of words alone needs none. */
export function showChips(state) {
  const place = $("body > .under > .chips");
  place.hidden = state.parts.length === 0 || state.view === "likes";
  if (place.hidden) {
    place.replaceChildren();
    return;
  }
  const focused = place.contains(document.activeElement) ? document.activeElement.dataset.focus : null;
  const open = $(".strength:popover-open", place)?.id;
  const made = state.parts.map((part, at) => chip(part, at));
  if (state.words.trim()) made.unshift(chip({ kind: "text", value: state.words.trim(), weight: state.weight }, -1));
  place.replaceChildren(...made, adder());
  if (open) document.getElementById(open)?.showPopover();
  if (focused) (place.querySelector(`[data-focus="${CSS.escape(focused)}"]`) ?? $("#words")).focus();
}

function change(at, weight, options) {
  if (at < 0) go({ weight }, options);
  else changePart(at, { weight }, options);
}

function drop(at) {
  if (at < 0) go({ words: "", weight: PLUS });
  else changePart(at, null);
}

function labelOf(part) {
  if (part.kind === "text") return part.value;
  const whole = part.kind === "image" ? "Your picture" : (names.get(part.value) ?? "This pin");
  return part.crop && part.crop !== "0,0,1,1" ? `Part of ${whole.charAt(0).toLowerCase()}${whole.slice(1)}` : whole;
}

function chip(part, at) {
  const minus = part.weight < 0;
  const label = labelOf(part);
  const strength = Math.abs(part.weight);
  const sign = el("button", {
    class: "sign", type: "button", icon: minus ? "minus" : "plus", data: { focus: `sign${at}` },
    "aria-label": minus ? `Less of ${label}: make it more` : `More of ${label}: make it less`,
    title: minus ? "Less of this" : "More of this",
    onclick: () => change(at, minus ? Math.max(PLUS, strength) : MINUS),
  });
  const id = `strength${at + 1}`;
  const slider = el("input", {
    type: "range", min: "0.1", max: "2", step: "0.1", value: String(strength), "aria-label": `Weight of ${label}`,
    data: { focus: `slider${at}` },
    oninput: (event) => {
      value.textContent = `×${Number(event.target.value).toFixed(1)}`;
    },
    onchange: (event) => change(at, Number(event.target.value) * (minus ? -1 : 1), { replace: true }),
  });
  const value = el("output", {}, `×${strength.toFixed(1)}`);
  const weigh = el("div", { class: "strength pop", id, popover: "auto" }, el("span", {}, "Weight"), slider, value);
  const button = el(
    "button",
    {
      class: "what", type: "button", popovertarget: id, data: { focus: `what${at}` },
      "aria-label": `${label}, weight ${strength.toFixed(1)}: change the weight`, title: "Change the weight",
    },
    thumbnail(part), el("span", { class: "label" }, label),
    strength === (minus ? -MINUS : PLUS) ? null : el("span", { class: "times" }, `×${strength.toFixed(1)}`),
  );
  weigh.addEventListener("toggle", (event) => {
    if (event.newState !== "open") return;
    const box = button.getBoundingClientRect();
    weigh.style.left = `${Math.max(8, Math.min(box.left, innerWidth - weigh.offsetWidth - 8))}px`;
    weigh.style.top = `${box.bottom + 8}px`;
    slider.focus();
  });
  return el(
    "div", { class: `chip ${minus ? "less" : "more"}`, role: "group", "aria-label": label },
    sign, button, weigh,
    el("button", {
      class: "away", type: "button", icon: "close", "aria-label": `Remove ${label}`, title: "Remove",
      data: { focus: `away${at}` }, onclick: () => drop(at),
    }),
  );
}

function thumbnail(part) {
  if (part.kind === "text") return null;
  const picture = el("img", { alt: "", width: 28, height: 28 });
  if (part.kind === "pin") showPicture(picture, part.value, "thumb");
  else {
    try {
      picture.src = urlOf(part.value);
    } catch (error) {
      if (!(error instanceof PictureGone)) throw error;
      return icon("camera");
    }
  }
  return picture;
}

function adder() {
  const field = el("input", {
    type: "text", placeholder: "add words", "aria-label": "Words to add, or to move away from with a minus before them",
    maxlength: "1000", size: "9", data: { focus: "add" },
  });
  const add = (weight) => {
    const words = field.value.trim().replace(/^[-−]\s*/, "");
    if (!words) return field.focus();
    return addPart({ kind: "text", value: words, weight });
  };
  const form = el(
    "form", { class: "chip adder" },
    field,
    el("button", { class: "sign", type: "submit", icon: "plus", "aria-label": "More of these words", title: "More of these words" }),
    el("button", {
      class: "sign", type: "button", icon: "minus", "aria-label": "Less of these words", title: "Less of these words",
      onclick: () => add(MINUS),
    }),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    add(/^[-−]/.test(field.value.trim()) ? MINUS : PLUS);
  });
  return form;
}
