// The dialog that asks for an API key.

import { keyRequest } from "../lib/api.js";
import { html, useEffect, useRef } from "../lib/preact.js";
import { texts } from "../texts.js";
import { Notice } from "./controls.js";

export function KeyDialog() {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  const request = keyRequest.value;
  useEffect(() => {
    if (request && !dialog.current?.open) {
      if (field.current) field.current.value = "";
      dialog.current?.showModal();
    } else if (!request) {
      dialog.current?.close();
    }
  }, [request]);
  const answer = (/** @type {string | null} */ key) => {
    keyRequest.value = null;
    request?.answer(key);
  };
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    answer(field.current?.value.trim() || null);
  };
  return html`<dialog ref=${dialog} aria-labelledby="key-title" onCancel=${() => answer(null)}>
    <form class="stack" onSubmit=${submit}>
      <h2 id="key-title">${texts.key.title}</h2>
      ${request?.refused ? html`<${Notice} kind="bad">${texts.key.refused}<//>` : null}
      <label class="field"><span>${texts.key.label}</span>
        <input class="input mono" ref=${field} type="password" autocomplete="off" spellcheck=${false} required />
      </label>
      <p class="soft small">${texts.key.explain}</p>
      <div class="row">
        <button class="button primary" type="submit">${texts.key.use}</button>
        <button class="button" type="button" onClick=${() => answer(null)}>${texts.key.cancel}</button>
      </div>
    </form>
  </dialog>`;
}
