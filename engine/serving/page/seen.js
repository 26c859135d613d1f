// What the engine sees in a picture, and where to buy it: panels that are there if the routes are.

import { ask, offered, showPicture } from "./api.js";
import { el } from "./dom.js";
import { addPart, go } from "./state.js";
import { priceOf, safeLink, siteOf } from "./words.js";

const LEAST_SURE = 0.25;
const MOST_LABELS = 6;

/** Fill a place with what is seen in a picture ({image | pin, crop?}). */
export function seenPanels(place, of) {
  const [labels, offers] = [el("div"), el("div")];
  place.replaceChildren(labels, offers);
  if (offered("/v1/recognize")) void fill(labels, "v1/recognize", of, recognised);
  if (offered("/v1/shop")) void fill(offers, "v1/shop", { ...of, limit: 6 }, shop);
}

async function fill(place, path, body, made) {
  try {
    const panel = made(await ask(path, { body }), body.pin);
    if (place.isConnected && panel) place.replaceChildren(panel);
  } catch {
    // The picture and its pins are there without this panel.
  }
}

function recognised({ sure, labels: found }) {
  // Products have a panel of their own.
  const labels = found.filter(({ facet, confidence }) => facet !== "product" && confidence >= LEAST_SURE);
  if (!labels.length) return null;
  return el(
    "section", { class: "panel open", "aria-label": "What it seems to be" },
    el("h3", {}, sure ? "This looks like" : "This may be"),
    el("div", { class: "labels" }, labels.slice(0, MOST_LABELS).map(({ facet, label, confidence }) =>
      el("button", {
        class: "pill", type: "button", title: `${facet}, ${Math.round(confidence * 100)} % sure: search for it`,
        onclick: () => addPart({ kind: "text", value: label, weight: 1 }),
      }, label, el("span", { class: "pins" }, `${Math.round(confidence * 100)} %`)))),
  );
}

function shop({ groups }, shown) {
  const rows = groups.flatMap((group) => group.offers
    .filter((offer) => offer.pin !== shown) // its own offer stands above
    .slice(0, 3).map((offer) => ({ ...offer, exact: group.exact })));
  if (!rows.length) return null;
  return el(
    "section", { class: "panel open shop", "aria-label": "Where to buy it" },
    el("h3", {}, rows[0].exact ? "Buy this" : "Buy something like it"),
    el("ul", { role: "list" }, rows.slice(0, 6).map(offerRow)),
  );
}

function offerRow(offer) {
  const picture = el("img", { alt: "", width: 56, height: 56, loading: "lazy" });
  showPicture(picture, offer.pin, "thumb");
  const link = offer.link ? safeLink(offer.link) : null;
  const from = offer.merchant ?? (link ? siteOf(link) : "");
  const title = el("a", {
    class: "offer", href: `?pin=${encodeURIComponent(offer.pin)}`,
    onclick: (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      go({ pin: offer.pin });
    },
  }, picture, el("span", {}, el("b", {}, offer.title ?? "A pin without words"), el("span", { class: "muted" }, from)));
  const cost = priceOf(offer);
  return el("li", {}, title, link
    ? el("a", { class: "pill buy", href: link.href, target: "_blank", rel: "noopener noreferrer nofollow", "aria-label": `Visit ${from || siteOf(link)}${cost ? `, ${cost}` : ""}` }, cost || "Visit")
    : el("span", { class: "cost" }, cost));
}
