// The picture of a query, with a box around what counts of it: drawn, moved with the keyboard, or
// chosen among the things that the engine found. The person's own box is never changed by others.

import { ask, offered, showPicture } from "./api.js";
import { $, el, say } from "./dom.js";
import { PictureGone, WHOLE, dataOf } from "./query.js";
import { urlOf } from "./picture.js";
import { seenPanels } from "./seen.js";
import { changePart, current } from "./state.js";

const LEAST = 0.04;
const STEP = 0.02;
const APART = 0.14;
const place = $("aside.lens");
let shown = ""; // kind and value of the picture that is shown
let at = -1;
let box = [0, 0, 1, 1];

const text = () => box.map((each) => String(Math.round(each * 1000) / 1000)).join(",");
const isWhole = () => text() === WHOLE;

/** Return the place of the part that the lens shows, -1 for none. */
function lensed(state) {
  return state.parts.findLastIndex((each) => each.kind === "image" || (each.kind === "pin" && each.crop));
}

/** Show the picture of a state, if it has one. */
export function showLens(state) {
  at = lensed(state);
  const part = state.parts[at];
  place.hidden = !part || state.view === "likes";
  document.documentElement.classList.toggle("with-lens", !place.hidden);
  if (place.hidden) {
    shown = "";
    place.replaceChildren();
    return;
  }
  box = (part.crop ?? WHOLE).split(",").map(Number);
  if (shown !== `${part.kind}:${part.value}`) build(part);
  draw();
}

function build(part) {
  shown = `${part.kind}:${part.value}`;
  const picture = el("img", { alt: part.kind === "image" ? "Your picture" : "The pin’s picture", draggable: "false" });
  try {
    if (part.kind === "image") picture.src = urlOf(part.value);
    else showPicture(picture, part.value, "full");
  } catch (error) {
    if (!(error instanceof PictureGone)) throw error;
    place.replaceChildren(el("p", { class: "muted" }, error.message));
    return;
  }
  const cut = el(
    "div",
    {
      class: "cut", tabindex: "0", role: "group", "aria-roledescription": "box", "aria-describedby": "cut-how",
    },
    ...["nw", "ne", "sw", "se"].map((corner) => el("span", { class: `corner ${corner}`, data: { corner } })),
  );
  const frame = el("div", { class: "frame" }, picture, el("div", { class: "shade", "aria-hidden": "true" }), cut);
  picture.addEventListener("error", () => frame.classList.add("gone"), { once: true });
  const panels = el("div", { class: "seen" });
  place.replaceChildren(
    el("h2", {}, "What counts in this picture"),
    frame,
    el("p", { class: "muted how", id: "cut-how" },
      el("span", { class: "for-pointer" }, "Draw a box around what you look for."),
      el("span", { class: "for-keys" }, " Arrow keys move the box, with Shift they size it, Escape takes the whole picture.")),
    el("button", { class: "pill whole", type: "button", onclick: () => settle([0, 0, 1, 1]) }, "Whole picture"),
    panels,
  );
  frame.addEventListener("pointerdown", (event) => drag(event, frame));
  cut.addEventListener("keydown", key);
  void regions(part, frame);
  panels.dataset.for = "";
}

function draw() {
  const cut = $(".cut", place);
  if (!cut) return;
  const [x, y, w, h] = box;
  const frame = cut.parentElement;
  for (const [name, value] of Object.entries({ x, y, w, h })) frame.style.setProperty(`--${name}`, `${value * 100}%`);
  frame.classList.toggle("whole", isWhole());
  $(".whole.pill", place).hidden = isWhole();
  cut.setAttribute("aria-label", isWhole() ? "Box: the whole picture"
    : `Box: from ${Math.round(x * 100)} % left, ${Math.round(y * 100)} % top, ${Math.round(w * 100)} % wide, ${Math.round(h * 100)} % high`);
  const panels = $(".seen", place);
  const part = current().parts[at];
  if (panels && part && panels.dataset.for !== text()) {
    panels.dataset.for = text();
    const of = part.kind === "image" ? { image: dataOf(part.value) } : { pin: part.value };
    seenPanels(panels, { ...of, ...(isWhole() ? {} : { crop: text() }) });
  }
}

/** Take a box as the person's own. */
function settle(next) {
  const before = current().parts[at];
  box = next;
  draw();
  if ((before.crop ?? WHOLE) !== text()) {
    changePart(at, { crop: text() }, { replace: (before.crop ?? WHOLE) !== WHOLE });
  }
}

function key(event) {
  const step = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
  let [x, y, w, h] = box;
  if (event.key === "Escape") [x, y, w, h] = [0, 0, 1, 1];
  else if (!step) return;
  else if (event.shiftKey) [w, h] = [w + step[0], h + step[1]];
  else if (isWhole()) [x, y, w, h] = [0.25, 0.25, 0.5, 0.5];
  else [x, y] = [x + step[0], y + step[1]];
  event.preventDefault();
  w = Math.min(1, Math.max(LEAST, w));
  h = Math.min(1, Math.max(LEAST, h));
  box = [Math.min(1 - w, Math.max(0, x)), Math.min(1 - h, Math.max(0, y)), w, h];
  draw();
  clearTimeout(key.timer);
  key.timer = setTimeout(() => {
    say($(".cut", place).getAttribute("aria-label"));
    settle(box);
  }, 250);
}

function drag(event, frame) {
  if (event.button !== 0 || event.target.closest(".region")) return;
  event.preventDefault();
  $(".cut", place).focus({ preventScroll: true });
  const edge = frame.getBoundingClientRect();
  const where = (of) => [
    Math.min(1, Math.max(0, (of.clientX - edge.left) / edge.width)),
    Math.min(1, Math.max(0, (of.clientY - edge.top) / edge.height)),
  ];
  const [startX, startY] = where(event);
  const [x, y, w, h] = box;
  const corner = event.target.dataset.corner;
  const inside = !isWhole() && event.target.closest(".cut") && !corner;
  const far = corner && [corner.includes("w") ? x + w : x, corner.includes("n") ? y + h : y];
  const before = box;
  let moved = false;
  const move = (now) => {
    const [nowX, nowY] = where(now);
    if (!moved && Math.hypot(now.clientX - event.clientX, now.clientY - event.clientY) < 4) return;
    moved = true;
    if (inside) {
      box = [Math.min(1 - w, Math.max(0, x + nowX - startX)), Math.min(1 - h, Math.max(0, y + nowY - startY)), w, h];
    } else {
      const [fixedX, fixedY] = far || [startX, startY];
      box = [Math.min(fixedX, nowX), Math.min(fixedY, nowY), Math.abs(fixedX - nowX), Math.abs(fixedY - nowY)];
    }
    draw();
  };
  const done = () => {
    frame.removeEventListener("pointermove", move);
    frame.removeEventListener("pointerup", done);
    frame.removeEventListener("pointercancel", done);
    frame.classList.remove("drawing");
    const small = box[2] < LEAST || box[3] < LEAST;
    settle(!moved || small ? before : box);
  };
  frame.classList.add("drawing");
  frame.setPointerCapture(event.pointerId);
  frame.addEventListener("pointermove", move);
  frame.addEventListener("pointerup", done);
  frame.addEventListener("pointercancel", done);
}

/** Show what the engine finds in the picture, each a button that makes it the box. */
async function regions(part, frame) {
  if (!offered("/v1/regions")) return;
  try {
    const of = part.kind === "image" ? { image: dataOf(part.value) } : { pin: part.value };
    const { regions: found } = await ask("v1/regions", { body: { ...of, limit: 8 } });
    if (shown !== `${part.kind}:${part.value}`) return;
    const centres = [];
    for (const { box: around, label } of found) {
      const sides = around.split(",").map(Number);
      const centre = [sides[0] + sides[2] / 2, sides[1] + sides[3] / 2];
      // The surest come first; buttons that would lie over each other are of no use.
      const close = centres.some((each) => Math.hypot(each[0] - centre[0], each[1] - centre[1]) < APART);
      if (close || sides[2] * sides[3] > 0.92) continue;
      centres.push(centre);
      const button = el("button", {
        class: "region", type: "button", "aria-label": label ? `Look for the ${label}` : "Look for this part",
        title: label ?? "Look for this part", onclick: () => settle(sides),
      });
      button.style.left = `${centre[0] * 100}%`;
      button.style.top = `${centre[1] * 100}%`;
      frame.append(button);
    }
  } catch {
    // The picture can be searched without them.
  }
}
