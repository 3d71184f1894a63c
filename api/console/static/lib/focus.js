// Keeps the keyboard where the user works.

import { useEffect } from "./preact.js";

/**
 * Focus an element once it is there, if the button that led to it is gone. Else the keyboard would start again at the
 * top of the page.
 * @param {{ current: HTMLElement | null }} element
 * @param {boolean} isThere
 */
export function useFocusAfter(element, isThere) {
  useEffect(() => {
    if (isThere && document.activeElement === document.body) element.current?.focus({ preventScroll: true });
  }, [isThere]);
}
