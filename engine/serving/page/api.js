// Questions to the engine: with the key if there is one, again when it is busy, and with errors
// that say whether it refused or could not be reached.

import { $, el } from "./dom.js";
import { session } from "./store.js";

const KEY = "key";
const offers = new Set(document.documentElement.dataset.offers.split(" "));
const BUSY = new Set([429, 503]);
const LONGEST_WAIT_S = 5;

/** Say whether this server has a route, or (`/v1/search:for`) something to ask of it. */
export const offered = (name) => offers.has(name);

/** The engine answered, with an error. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem?.detail ?? `the engine answered ${status}`);
    this.status = status;
  }
}

/** The engine did not answer. */
export class Unreachable extends Error {}

const address = (path) => new URL(path, document.baseURI);

export const hasKey = () => Boolean(session.get(KEY));

/** Send a request below `v1/` and return the response; raise Refused, Unreachable, AbortError. */
async function send(path, { method = "GET", body, signal } = {}) {
  for (let attempt = 0; ; attempt += 1) {
    const key = session.get(KEY);
    const headers = key ? { Authorization: `Bearer ${key}` } : {};
    if (body !== undefined) headers["Content-Type"] = "application/json";
    let response;
    try {
      response = await fetch(address(path), { method, headers, body, signal, cache: "no-cache" });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Unreachable("the engine does not answer", { cause: error });
    }
    if (response.ok) return response;
    if (response.status === 401) {
      await askForKey(key);
      continue;
    }
    const wait = Number(response.headers.get("Retry-After") ?? "1");
    if (BUSY.has(response.status) && attempt < 2 && wait <= LONGEST_WAIT_S) {
      await new Promise((done) => setTimeout(done, wait * 1000));
      signal?.throwIfAborted();
      continue;
    }
    throw new Refused(response.status, await response.json().catch(() => null));
  }
}

/** Return what the engine says to a GET, or to a POST if there is a body. */
export async function ask(path, { body, signal, query } = {}) {
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== undefined && each !== null && each !== "") words.append(name, each);
    }
  }
  const full = words.size ? `${path}?${words}` : path;
  const options = body === undefined ? { signal } : { method: "POST", body: JSON.stringify(body), signal };
  const response = await send(full, options);
  try {
    return await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Unreachable("the answer broke off", { cause: error });
  }
}

/** Say whether the engine lives; never raises. */
export async function alive() {
  try {
    return (await fetch(address("livez"), { cache: "no-store" })).ok;
  } catch {
    return false;
  }
}

export const pinPath = (id) => `v1/pins/${encodeURIComponent(id)}`;
const picturePath = (id, size) => `${pinPath(id)}/image?size=${size}`;

/** Return the picture of a pin as a blob. */
export async function pictureOf(id, size = "full") {
  return (await send(picturePath(id, size))).blob();
}

const near = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      const { pin, size } = target.dataset;
      pictureOf(pin, size).then(
        (blob) => {
          const url = URL.createObjectURL(blob);
          target.addEventListener("load", () => URL.revokeObjectURL(url), { once: true });
          target.src = url;
        },
        () => target.dispatchEvent(new Event("error")),
      );
    }
  },
  { rootMargin: "600px" },
);

/** Let an <img> show the picture of a pin; with a key the browser can't fetch it by itself. */
export function showPicture(img, id, size) {
  if (!hasKey()) {
    img.src = address(picturePath(id, size));
    return;
  }
  Object.assign(img.dataset, { pin: id, size });
  near.observe(img);
}

let asking = null;

/** Ask the person for the key, once for all that wait; resolves when one was given. */
function askForKey(used) {
  if (session.get(KEY) !== used) return Promise.resolve(); // given meanwhile
  asking ??= new Promise((given) => {
    const dialog = $("dialog.key");
    const field = el("input", {
      id: "key", type: "password", autocomplete: "off", required: true, spellcheck: "false",
      "aria-describedby": "key-why", "aria-invalid": used ? "true" : undefined,
    });
    const why = used
      ? "That key is not right."
      : "This engine answers to those who have its key. It stays in this tab until you close it.";
    const form = el(
      "form", { class: "ask-key" },
      el("img", { src: $("link[rel=icon]").href, alt: "", width: 48, height: 48 }),
      el("h2", { id: "key-title" }, "Enter the key"),
      el("p", { id: "key-why", class: used ? "wrong" : "muted" }, why),
      el("label", { for: "key" }, "Key"),
      field,
      el("button", { class: "primary", type: "submit" }, "Continue"),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!field.value.trim()) return;
      session.set(KEY, field.value.trim());
      asking = null;
      dialog.close();
      given();
    });
    dialog.replaceChildren(form);
    dialog.oncancel = (event) => event.preventDefault(); // without a key there is nothing to see
    if (!dialog.open) dialog.showModal();
    field.focus();
  });
  return asking;
}
