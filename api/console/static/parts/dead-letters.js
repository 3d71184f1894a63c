// The jobs of which photos were given up, for administrators.

import { getJson } from "../lib/api.js";
import { clock, serviceTitle } from "../lib/format.js";
import { html } from "../lib/preact.js";
import { useLoaded } from "../lib/loading.js";
import { linkTo } from "../lib/router.js";
import { texts } from "../texts.js";
import { Busy, ErrorNotice } from "./controls.js";
import { Icon } from "./icon.js";

/** @typedef {import("../lib/types").DeadLetter} DeadLetter */

const AGAIN_MS = 10_000;

export function DeadLetters() {
  const load = (/** @type {AbortSignal} */ signal) => getJson("dead-letters", { signal });
  const { value, error } = useLoaded(load, [], () => AGAIN_MS);
  return html`
    <div class="page-head"><div>
      <a class="row" href=${linkTo("jobs")}><${Icon} name="back" />${texts.jobs.back}</a>
      <h1>${texts.deadLetters.title}</h1><p>${texts.deadLetters.lead}</p></div></div>
    <div class="stack">
      <${ErrorNotice} error=${error} />
      ${value ? html`<${Letters} letters=${value.dead_letters} />` : error ? null : html`<${Busy} />`}
    </div>`;
}

/** @param {{ letters: DeadLetter[] }} properties */
function Letters({ letters }) {
  if (letters.length === 0) return html`<div class="card empty">${texts.deadLetters.empty}</div>`;
  const { columns } = texts.deadLetters;
  return html`<div class="card"><div class="table-wrap" tabindex="0" role="region" aria-label=${texts.deadLetters.title}><table>
    <thead><tr><th>${columns.job}</th><th>${columns.when}</th><th>${columns.services}</th><th class="right">${columns.attempts}</th><th>${columns.reason}</th></tr></thead>
    <tbody>${letters.map(
      (letter, index) => html`<tr key=${`${letter.job} ${letter.created_at} ${index}`}>
        <td><a class="mono" href=${linkTo("jobs", letter.job)}>${letter.job.slice(0, 8)}</a></td>
        <td class="number">${clock(letter.created_at)}</td>
        <td class="text">${letter.services.map(serviceTitle).join(", ")}</td>
        <td class="right number">${letter.attempts || "–"}</td>
        <td class="text">${letter.items.length > 0 ? `${texts.deadLetters.photos(letter.items)}: ` : ""}${letter.reason}</td></tr>`,
    )}</tbody></table></div></div>`;
}
