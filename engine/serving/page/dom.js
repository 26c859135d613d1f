// Elements from values. Text becomes text nodes and nothing else: no string is ever parsed as HTML,
// which the page's policy (trusted types) enforces besides.

const SVG = "http://www.w3.org/2000/svg";

const ICONS = {
  search: ["M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Z", "m15.3 15.3 4.7 4.7"],
  close: ["m6 6 12 12", "M18 6 6 18"],
  camera: [
    "M4 8.8A1.8 1.8 0 0 1 5.8 7h1.7l1.3-2h6.4l1.3 2h1.7A1.8 1.8 0 0 1 20 8.8v8.4a1.8 1.8 0 0 1-1.8 1.8H5.8A1.8 1.8 0 0 1 4 17.2Z",
    "M12 9.6a3.3 3.3 0 1 0 0 6.6 3.3 3.3 0 0 0 0-6.6Z",
  ],
  heart: [
    "M12 20s-7.5-4.6-7.5-10.3A4.3 4.3 0 0 1 12 7a4.3 4.3 0 0 1 7.5 2.7C19.5 15.4 12 20 12 20Z",
  ],
  plus: ["M12 5v14", "M5 12h14"],
  minus: ["M5 12h14"],
  hide: [
    "M10.7 6.2A8.7 8.7 0 0 1 12 6c5.5 0 9 6 9 6a15 15 0 0 1-2.3 2.9",
    "M6.5 7.7A15 15 0 0 0 3 12s3.5 6 9 6c1.6 0 3-.5 4.3-1.2",
    "M9.9 9.9a3 3 0 0 0 4.2 4.2",
    "m4 4 16 16",
  ],
  contrast: ["M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16Z", "M12 4v16", "M12 8h5M12 12h8M12 16h5"],
  sun: [
    "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8Z",
    "M12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.6 5.6l1.1 1.1M17.3 17.3l1.1 1.1M18.4 5.6l-1.1 1.1M6.7 17.3l-1.1 1.1",
  ],
  moon: ["M19.5 14.3A7.8 7.8 0 0 1 9.7 4.5a7.8 7.8 0 1 0 9.8 9.8Z"],
  back: ["M19 12H5", "m11 6-6 6 6 6"],
  out: ["M8 16 17 7", "M9.5 7H17v7.5"],
  lens: [
    "M4 8.5V6a2 2 0 0 1 2-2h2.5M15.5 4H18a2 2 0 0 1 2 2v2.5M20 15.5V18a2 2 0 0 1-2 2h-2.5M8.5 20H6a2 2 0 0 1-2-2v-2.5",
    "M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6Z",
  ],
  down: ["m7 10 5 5 5-5"],
  clock: ["M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16Z", "M12 7.8V12l2.8 2"],
  copies: ["M9 9h10v10H9z", "M15 9V5H5v10h4"],
  words: ["M5 7h14M5 12h14M5 17h8"],
};

/** Return a picture of a name, hidden from screen readers. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  for (const d of ICONS[name]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

/**
 * Return an element.
 *
 * values: attributes; `onclick` and the like listen; true and false set and leave out; `icon` puts
 * a picture first; `data` fills the dataset.
 */
export function el(name, values = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(values)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "icon") made.append(icon(value));
    else if (key === "data") Object.assign(made.dataset, value);
    else made.setAttribute(key, value === true ? "" : String(value));
  }
  made.append(...children.flat().filter((each) => each !== null && each !== undefined));
  return made;
}

/** Fill the places of the document that name an icon. */
export function fillIcons(root = document) {
  for (const each of root.querySelectorAll("[data-icon]")) each.prepend(icon(each.dataset.icon));
}

export const $ = (selector, root = document) => root.querySelector(selector);

let spoken = 0;

/** Tell a screen reader, politely. */
export function say(text) {
  const place = $(".spoken");
  // The same words twice are spoken twice only if the text changes.
  spoken += 1;
  place.textContent = spoken % 2 ? text : `${text}\u00a0`;
}

export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
