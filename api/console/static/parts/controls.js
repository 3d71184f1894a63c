// Small controls that several views share.

import { messageOf } from "../lib/api.js";
import { html, useState } from "../lib/preact.js";
import { texts } from "../texts.js";
import { Icon } from "./icon.js";

/**
 * One choice of several, as buttons side by side.
 * @param {{ label: string, value: string, options: { value: string, text: string }[],
 *   onChange: (value: string) => void }} properties
 */
export function Segments({ label, value, options, onChange }) {
  return html`<div class="segments" role="group" aria-label=${label}>
    ${options.map(
      (option) =>
        html`<button type="button" key=${option.value} aria-pressed=${option.value === value}
          onClick=${() => onChange(option.value)}>${option.text}</button>`,
    )}
  </div>`;
}

/**
 * A message that stands out; errors are read out at once.
 * @param {{ kind?: "bad" | "warn" | "", children?: any }} properties
 */
export function Notice({ kind = "", children }) {
  return html`<div class="notice ${kind}" role=${kind === "bad" ? "alert" : "note"}>
    <${Icon} name=${kind ? "warning" : "lock"} /><div>${children}</div>
  </div>`;
}

/** @param {{ error: unknown }} properties */
export function ErrorNotice({ error }) {
  return error ? html`<${Notice} kind="bad">${messageOf(error)}<//>` : null;
}

/** @param {{ text?: string }} properties */
export function Busy({ text = texts.common.loading }) {
  return html`<div class="row soft" role="status"><span class="spinner" aria-hidden="true"></span>${text} …</div>`;
}

/**
 * The state of a job, a stage or a batch.
 * @param {{ state: string, text: string }} properties
 */
export function StateTag({ state, text }) {
  const kinds = /** @type {Record<string, string>} */ ({
    succeeded: "good",
    completed: "good",
    failed: "bad",
    expired: "warn",
    canceled: "warn",
    running: "busy",
    in_progress: "busy",
    validating: "busy",
    finalizing: "busy",
    canceling: "busy",
  });
  return html`<span class="tag ${kinds[state] ?? ""}">${text}</span>`;
}

/**
 * A button that erases much: it asks for a second click. It forgets the first one when it loses the focus.
 * @param {{ onErase: () => void }} properties
 */
export function EraseTwice({ onErase }) {
  const [asked, setAsked] = useState(false);
  return html`<button type="button" class="button danger" onBlur=${() => setAsked(false)}
    onClick=${() => (asked ? onErase() : setAsked(true))}>
    <${Icon} name="trash" /><span aria-live="polite">${asked ? texts.common.eraseForGood : texts.common.erase}</span>
  </button>`;
}

/** @param {{ text: string, label?: string }} properties */
export function CopyButton({ text, label = texts.common.copy }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await copyText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return html`<button type="button" class="button slim" onClick=${copy}>
    <${Icon} name=${copied ? "check" : "copy"} /><span aria-live="polite">${copied ? texts.common.copied : label}</span>
  </button>`;
}

/**
 * Copy a text. Pages on http:// that are not of this machine have no clipboard: there, a selection is copied.
 * @param {string} text
 */
async function copyText(text) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
