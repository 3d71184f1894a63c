// Loads what a view shows, again and again while the view is open and the page is visible.

import { messageOf } from "./api.js";
import { useEffect, useState } from "./preact.js";

/**
 * @template Value
 * @param {(signal: AbortSignal) => Promise<Value>} load
 * @param {unknown[]} inputs loading starts anew when one of them changes
 * @param {(value: Value) => number} again after how many milliseconds it is loaded again; 0 for never
 * @returns {{ value: Value | null, error: string, reload: () => void }}
 */
export function useLoaded(load, inputs, again) {
  const [state, setState] = useState({ value: /** @type {Value | null} */ (null), error: "" });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const ended = new AbortController();
    let timer = 0;
    const run = async () => {
      let pause = 5000;
      try {
        if (!document.hidden) {
          const value = await load(ended.signal);
          if (ended.signal.aborted) return;
          setState({ value, error: "" });
          pause = again(value);
        }
      } catch (error) {
        if (ended.signal.aborted) return;
        setState((before) => ({ ...before, error: messageOf(error) }));
        pause = 0;
      }
      if (pause > 0) timer = window.setTimeout(run, pause);
    };
    void run();
    return () => {
      ended.abort();
      clearTimeout(timer);
    };
  }, [...inputs, turn]);
  return { ...state, reload: () => setTurn((before) => before + 1) };
}
