// One pin in the grid: its picture, a line of words, and what can be done with it at once.

import { showPicture } from "./api.js";
import { el, icon } from "./dom.js";
import { isLiked } from "./taste.js";
import { metaOf, nameOf } from "./words.js";

export const touch = matchMedia("(hover: none)").matches;
// Width to height of the narrowest and the widest picture that is shown whole.
const NARROWEST = 0.48;
const WIDEST = 1.9;

/** Return width / height of a hit's picture, as shown. */
export function shapeOf({ picture }) {
  if (!picture) return 1;
  return Math.min(WIDEST, Math.max(NARROWEST, picture.width / picture.height));
}

/** Say how many lines of words a tile has; the layout counts on it. */
export const linesOf = ({ pin }) => (pin.description || pin.board_title ? 1 : 0) + (metaOf(pin) ? 1 : 0);

/**
 * Return the tile of a hit, a list item.
 *
 * act: called with "open", "like", "plus", "minus" or "hide", the hit, and the event.
 * address: where the tile's link leads.
 */
export function tile(hit, { act, address }) {
  const { id, pin } = hit;
  const meta = metaOf(pin);
  const picture = el("img", {
    alt: "", loading: "lazy", decoding: "async", draggable: "false",
    width: hit.picture?.width, height: hit.picture?.height,
  });
  const frame = el("span", { class: "frame" }, picture);
  picture.addEventListener("load", () => frame.classList.add("shown"), { once: true });
  picture.addEventListener("error", () => {
    frame.classList.add("gone");
    frame.replaceChildren(el("span", {}, nameOf(pin)));
  }, { once: true });
  showPicture(picture, id, "thumb");
  if (hit.duplicates) {
    frame.append(el("span", { class: "copies" }, icon("copies"), `+${hit.duplicates.count}`));
  }
  const link = el(
    "a",
    {
      class: "tile-link", href: address(id), tabindex: "-1",
      "aria-label": [nameOf(pin), meta].filter(Boolean).join(", "),
      onclick(event) {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        act("open", hit, event);
      },
    },
    frame,
    pin.description || pin.board_title ? el("span", { class: "name" }, nameOf(pin)) : null,
    meta ? el("span", { class: "meta" }, meta) : null,
  );
  const made = el("li", { class: "tile", data: { id } }, link);
  // Few tiles are ever pointed at, so the buttons are made when one is.
  if (touch) made.append(likeButton(hit, act));
  else {
    const once = { once: true };
    const dress = () => {
      if (!made.querySelector(".actions")) made.append(actions(hit, act));
    };
    made.addEventListener("pointerenter", dress, once);
    made.addEventListener("focusin", dress, once);
  }
  return made;
}

/** Show on a tile whether its pin is liked. */
export function showLiked(made) {
  const liked = isLiked(made.dataset.id);
  made.querySelector(".like")?.setAttribute("aria-pressed", String(liked));
}

function likeButton(hit, act) {
  return el("button", {
    class: "round like", type: "button", icon: "heart", "aria-label": "Like",
    "aria-pressed": String(isLiked(hit.id)), onclick: (event) => act("like", hit, event),
  });
}

function actions(hit, act) {
  const button = (what, name, picture) =>
    el("button", {
      class: "round", type: "button", icon: picture, "aria-label": name, title: name,
      onclick: (event) => act(what, hit, event),
    });
  return el(
    "div", { class: "actions" },
    likeButton(hit, act),
    el(
      "div", { class: "mix" },
      button("plus", "More like this", "plus"),
      button("minus", "Less like this", "minus"),
      button("hide", "Hide", "hide"),
    ),
  );
}
