// The boards on the start page, as a way in.

import { ask } from "./api.js";
import { $, el } from "./dom.js";
import { EMPTY, asks, href } from "./query.js";
import { current, goTo } from "./state.js";

const MOST = 16;
const place = $("body > .under > .topics");

/** Load the largest boards. */
export async function learnTopics() {
  const { boards } = await ask("v1/boards", { query: { limit: MOST } });
  place.replaceChildren(
    ...boards.map(({ title, pins }) => {
      const state = { filter: { board_title: [title] } };
      return el("a", {
        class: "topic", href: href({ ...EMPTY, ...state }),
        onclick: (event) => {
          if (event.metaKey || event.ctrlKey || event.shiftKey) return;
          event.preventDefault();
          goTo(state);
        },
      }, title, el("span", { class: "pins" }, pins.toLocaleString()));
    }),
  );
  showTopics(current());
}

/** Show them on the start page alone. */
export function showTopics(state) {
  place.hidden = !place.children.length || asks(state) || state.view !== "" || Object.keys(state.filter).length > 0;
}
