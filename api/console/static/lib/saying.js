// A short message on what has just been done. It disappears by itself.

import { signal } from "./preact.js";

const SHOWN_MS = 6000;

/** The message; empty while there is none. */
export const said = signal("");

let timer = 0;

/** @param {string} text */
export function say(text) {
  said.value = text;
  clearTimeout(timer);
  timer = window.setTimeout(() => (said.value = ""), SHOWN_MS);
}
