// The view Batches: many photos in one request, their progress and their results.

import { getJson, messageOf, send } from "../lib/api.js";
import { sendBatch } from "../lib/batches.js";
import { offers } from "../lib/deployment.js";
import { clock, count, size } from "../lib/format.js";
import { useLoaded } from "../lib/loading.js";
import { html, useState } from "../lib/preact.js";
import { goTo, linkTo } from "../lib/router.js";
import { say } from "../lib/saying.js";
import { work } from "../lib/work.js";
import { BatchRows } from "../parts/batch-rows.js";
import { Busy, EraseTwice, ErrorNotice, StateTag } from "../parts/controls.js";
import { Icon } from "../parts/icon.js";
import { ChooseButton, DropArea, FolderButton } from "../parts/picker.js";
import { WorkPicker } from "../parts/work-picker.js";
import { texts } from "../texts.js";

/** @typedef {import("../lib/types").Batch} Batch */

const AGAIN_MS = 3000;
const SOON_MS = 700;
const OPEN = ["validating", "in_progress", "finalizing", "canceling"];
const ACCEPTED = "image/*,.zip,.tar,.tgz,.tar.gz,.jsonl,.ndjson";

/** @param {{ argument: string }} properties */
export function Batches({ argument }) {
  return argument ? html`<${BatchDetail} key=${argument} id=${argument} />` : html`<${BatchList} />`;
}

function BatchList() {
  const load = (/** @type {AbortSignal} */ signal) => getJson("batches", { signal });
  const { value, error } = useLoaded(load, [], () => AGAIN_MS);
  return html`
    <div class="page-head"><div><h1>${texts.batches.title}</h1><p>${texts.batches.lead}</p></div></div>
    <div class="stack">
      <${NewBatch} />
      <${ErrorNotice} error=${error} />
      ${value ? html`<${BatchTable} batches=${value.batches} />` : error ? null : html`<${Busy} />`}
    </div>`;
}

function NewBatch() {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const onFiles = async (/** @type {File[]} */ files) => {
    setError(files.length === 0 ? texts.batches.emptyFolder : "");
    if (files.length === 0) return;
    setBusy(true);
    try {
      const batch = await sendBatch(files, work.value);
      goTo("batches", batch.id);
    } catch (failure) {
      setError(messageOf(failure));
    } finally {
      setBusy(false);
    }
  };
  const limits = offers.value?.batches;
  return html`
    <div class="card choices"><${WorkPicker} /></div>
    <${DropArea} onFiles=${onFiles} class="drop" label=${texts.batches.drop}><div class="drop-start compact">
      ${busy ? html`<${Busy} text=${texts.batches.sending} />` : html`
        <div><h2>${texts.batches.drop}</h2><p>${limits ? texts.batches.limit(limits.requests, size(limits.body_bytes)) : ""}</p></div>
        <div class="row"><${ChooseButton} onFiles=${onFiles} text=${texts.batches.choose} several=${true} accept=${ACCEPTED} primary=${true} />
          <${FolderButton} onFiles=${onFiles} text=${texts.batches.folder} /></div>`}
      <${ErrorNotice} error=${error} />
    </div><//>`;
}

/** @param {{ batches: Batch[] }} properties */
function BatchTable({ batches }) {
  if (batches.length === 0) return html`<div class="card empty">${texts.batches.empty}</div>`;
  const { columns } = texts.batches;
  return html`<div class="card"><div class="table-wrap" tabindex="0" role="region" aria-label=${texts.batches.title}><table>
    <thead><tr><th>${columns.id}</th><th>${columns.state}</th><th>${columns.progress}</th><th>${columns.created}</th><th>${columns.expires}</th></tr></thead>
    <tbody>${batches.map(
      (batch) => html`<tr key=${batch.id}>
        <td><a class="mono" href=${linkTo("batches", batch.id)}>${batch.id.slice(0, 8)}</a></td>
        <td><${BatchTag} batch=${batch} /></td>
        <td class="number">${count(batch.counts.total - batch.counts.in_progress)} / ${count(batch.counts.total)}</td>
        <td class="number">${clock(batch.created_at)}</td><td class="number">${clock(batch.expires_at)}</td></tr>`,
    )}</tbody></table></div></div>`;
}

/** @param {{ batch: Batch }} properties */
function BatchTag({ batch }) {
  return html`<${StateTag} state=${batch.status} text=${texts.batches.states[batch.status] ?? batch.status} />`;
}

/** @param {{ id: string }} properties */
function BatchDetail({ id }) {
  const path = `batches/${encodeURIComponent(id)}`;
  const load = (/** @type {AbortSignal} */ signal) => getJson(path, { signal });
  const { value, error, reload } = useLoaded(load, [id], (/** @type {Batch} */ batch) => (OPEN.includes(batch.status) ? SOON_MS : 0));
  const [failure, setFailure] = useState("");
  const batch = /** @type {Batch | null} */ (value);
  const act = (/** @type {string} */ method, /** @type {string} */ route, /** @type {() => void} */ after) => async () => {
    try {
      await send(route, { method, accept: [404, 410] });
      after();
    } catch (refused) {
      setFailure(messageOf(refused));
    }
  };
  const leave = () => {
    say(texts.common.erased);
    goTo("batches");
  };
  return html`
    <div class="page-head"><div>
        <a class="row" href=${linkTo("batches")}><${Icon} name="back" />${texts.batches.back}</a>
        <h1>${texts.batches.detail} <span class="mono">${id}</span></h1></div>
      ${batch ? html`<div class="row">
        ${OPEN.includes(batch.status) ? html`<button type="button" class="button" onClick=${act("POST", `${path}/cancel`, reload)}>${texts.common.cancel}</button>` : null}
        <${EraseTwice} onErase=${act("DELETE", path, leave)} />
      </div>` : null}
    </div>
    <div class="stack">
      <${ErrorNotice} error=${error || failure} />
      ${batch ? html`<${Progress} batch=${batch} />` : error ? null : html`<${Busy} />`}
      ${batch ? html`<${BatchRows} batch=${batch} />` : null}
    </div>`;
}

/** @param {{ batch: Batch }} properties */
function Progress({ batch }) {
  const { counts } = batch;
  const done = counts.total - counts.in_progress;
  const share = counts.total > 0 ? (100 * done) / counts.total : 0;
  const named = /** @type {[keyof typeof texts.batches.counts, string][]} */ (Object.entries(texts.batches.counts));
  return html`<div class="card padded stack tight">
    <div class="row apart"><${BatchTag} batch=${batch} />
      <span class="soft small">${batch.expires_at ? `${texts.batches.columns.expires} ${clock(batch.expires_at)}` : ""}</span></div>
    <div class="bar" role="progressbar" aria-label=${texts.batches.columns.progress} aria-valuemin="0" aria-valuemax=${counts.total} aria-valuenow=${done}>
      <span style=${{ width: `${share}%` }}></span></div>
    <p class="row small">${named.filter(([name]) => name === "total" || counts[name] > 0).map(
      ([name, text]) => html`<span key=${name}><strong class="number">${count(counts[name])}</strong> <span class="soft">${text}</span></span>`,
    )}</p>
  </div>`;
}
