// The view that is shown, from the part of the address after `#/`: `#/jobs/<id>` is the view `jobs` with an argument.

import { computed, signal } from "./preact.js";

const hash = signal(location.hash);
addEventListener("hashchange", () => {
  hash.value = location.hash;
});

/** The name of the view, and what follows it. */
export const route = computed(() => {
  const [view = "", argument = ""] = hash.value.replace(/^#\/?/, "").split("/");
  return { view: view || "analyse", argument: decodeURIComponent(argument) };
});

/**
 * The address of a view, for links.
 * @param {string} view
 * @param {string} [argument]
 */
export function linkTo(view, argument) {
  return `#/${view}${argument ? `/${encodeURIComponent(argument)}` : ""}`;
}

/**
 * Show a view.
 * @param {string} view
 * @param {string} [argument]
 */
export function goTo(view, argument) {
  location.hash = linkTo(view, argument);
}
