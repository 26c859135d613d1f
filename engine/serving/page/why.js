// Why a pin stands where it stands: the two signals as bars, and the words that matched.

import { $, el } from "./dom.js";

const percent = (value) => `${Math.round(value * 100)} %`;
const FIELDS = { description: "its words", board: "its board", board_title: "its board" };

function bar(kind, name, value, share, note) {
  const fill = el("span", { class: "fill" });
  fill.style.width = `${value * 100}%`;
  return el(
    "div", { class: `signal ${kind}` },
    el("div", { class: "head" }, el("span", {}, name), el("b", {}, percent(value))),
    el("div", { class: "track", "aria-hidden": "true" }, fill),
    el("p", { class: "note" }, note, share === null ? null : ` Counts for ${percent(share)} of the score.`),
  );
}

function wordsNote(why) {
  const from = why.calibrated.lexical_from;
  if (from === "neighbours") return ["The pin has no words: this is what pins that look like it, and have some, lead one to hope."];
  if (from === "none") return ["Words had no say: no pin has a word of the search, or it has none."];
  const matched = Object.entries(why.text.matched_terms).filter(([, terms]) => terms.length);
  if (!matched.length) return ["None of the words searched for is in its text."];
  return matched.flatMap(([field, terms], at) => [
    at ? "; in " : "In ", `${FIELDS[field] ?? field}: `,
    ...terms.flatMap((term, nth) => [nth ? " " : "", el("mark", {}, term)]),
    at === matched.length - 1 ? "." : "",
  ]);
}

/** Return the bars of a hit with its `why`. */
export function whyOf(hit) {
  const { why } = hit;
  const { lexical, visual } = why.calibrated;
  const found = why.found_by.length > 1 ? "Both its words and its picture brought it up."
    : `Its ${why.found_by.some((each) => /lex|text|word/.test(each)) ? "words" : "picture"} brought it up.`;
  return el(
    "div", { class: "why" },
    el("p", { class: "lead" }, el("b", {}, percent(hit.score)), " likely to be what was asked. ", found),
    bar("words", "Words", lexical, why.calibrated.lexical_from === "none" ? null : why.weights.lexical, wordsNote(why)),
    bar("picture", "Picture", visual, why.weights.visual, [
      `Similarity ${why.image.cosine.toFixed(2)}`, why.image.rank ? `, place ${why.image.rank} by looks alone.` : ".",
      why.image.region ? ` What matched is a part of it: ${why.image.region.label ?? "a thing"} at ${why.image.region.box}.` : "",
    ]),
  );
}

/** Return a place that opens to tell why; `ask` is called when it does. */
export function whyPanel(ask) {
  const inside = el("div", { class: "inside" });
  const panel = el("details", { class: "panel" }, el("summary", {}, "Why this pin?"), inside);
  panel.addEventListener("toggle", async () => {
    if (!panel.open || $(".why", inside)) return;
    inside.replaceChildren(el("p", { class: "muted" }, "Asking…"));
    try {
      const hit = await ask();
      inside.replaceChildren(hit?.why ? whyOf(hit) : el("p", { class: "muted" }, "The answer has changed since: search again to see why."));
    } catch (error) {
      if (error.name !== "AbortError") inside.replaceChildren(el("p", { class: "muted" }, `That can't be told now: ${error.message}`));
    }
  });
  return panel;
}
