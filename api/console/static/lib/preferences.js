// What the page remembers between visits: the theme and the preset. Nothing about photos.

import { effect, signal } from "./preact.js";

/**
 * A signal that keeps its text in the browser.
 * @param {string} name
 * @param {string} initial
 */
function kept(name, initial) {
  let stored = null;
  try {
    stored = localStorage.getItem(`faceline-${name}`);
  } catch {
    // The browser forbids storage: the initial value is used.
  }
  const value = signal(stored ?? initial);
  effect(() => {
    try {
      localStorage.setItem(`faceline-${name}`, value.value);
    } catch {
      // As above.
    }
  });
  return value;
}

/** `system`, `light` or `dark`. */
export const theme = kept("theme", "system");

/** The preset of the view Analyse; `custom` for services that were chosen one by one. */
export const preset = kept("preset", "face-analysis");

effect(() => {
  document.documentElement.dataset.theme = theme.value;
});
