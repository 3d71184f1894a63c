// JSON with colours, made of text nodes.

import { html, useMemo } from "../lib/preact.js";
import { CopyButton } from "./controls.js";

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d[\d.eE+-]*)|(true|false|null)/g;
const LONGEST = 400;

/** @param {{ value: unknown, label: string }} properties */
export function Json({ value, label }) {
  const text = useMemo(() => JSON.stringify(value, null, 2) ?? "", [value]);
  const parts = useMemo(() => coloured(text), [text]);
  return html`<div class="stack tight">
    <div class="row apart"><h3>${label}</h3><${CopyButton} text=${text} /></div>
    <pre tabindex="0" role="region" aria-label=${label}>${parts}</pre>
  </div>`;
}

/**
 * @param {string} text
 * @returns {any[]}
 */
function coloured(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    parts.push(text.slice(end, match.index));
    const [whole, quoted, colon, number] = match;
    const name = quoted ? (colon ? "json-key" : "json-text") : number ? "json-number" : "json-word";
    const shown = quoted && quoted.length > LONGEST ? `${quoted.slice(0, 60)}…${quoted.slice(-12)}` : (quoted ?? whole);
    parts.push(html`<span class=${name}>${shown}</span>`, colon ?? "");
    end = match.index + whole.length;
  }
  parts.push(text.slice(end));
  return parts;
}
