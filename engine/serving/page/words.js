// How values read: prices, links, names. All of it is text; links are http or https, or nothing.

/** Return a link that is safe to follow, or null. */
export function safeLink(text) {
  try {
    const url = new URL(text);
    return url.protocol === "https:" || url.protocol === "http:" ? url : null;
  } catch {
    return null;
  }
}

/** Return the site of a link as people say it. */
export const siteOf = (url) => url.hostname.replace(/^www\./, "");

/** Return a price with its currency, as this browser's language writes it. */
export function priceOf({ price, currency }) {
  const amount = Number(price);
  if (!price || !Number.isFinite(amount)) return "";
  if (!currency) return amount.toLocaleString(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  try {
    return amount.toLocaleString(undefined, { style: "currency", currency });
  } catch {
    return `${price} ${currency}`; // no currency that the browser knows
  }
}

/** Return what a pin is called: its own words, or that it has none. */
export const nameOf = (pin) => pin.description || pin.board_title || "A pin without words";

/** Return the small line under a pin: price and merchant, or the site of its link. */
export function metaOf(pin) {
  const link = pin.link ? safeLink(pin.link) : null;
  const from = pin.merchant || (link ? siteOf(link) : "");
  return [priceOf(pin), from].filter(Boolean).join(" · ");
}

const KEYS = {
  board_title: "Board", merchant: "Shop", currency: "Currency", language: "Language",
  price: "Price", has_text: "Words", created_at: "Date",
};

/** Return what a filter's key is called. */
export function keyName(key) {
  const bare = key.replace(/^attributes\./, "").replaceAll("_", " ");
  return KEYS[key] ?? bare.charAt(0).toUpperCase() + bare.slice(1);
}

/** Return "low..high" as a person would write it. */
export function rangeName(text) {
  const [low, high] = text.split("..");
  if (low && high) return `${low} – ${high}`;
  return low ? `from ${low}` : `up to ${high}`;
}

export const count = (number, one, many = `${one}s`) =>
  `${number.toLocaleString()} ${number === 1 ? one : many}`;
