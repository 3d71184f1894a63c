// The view Jobs: the latest jobs by state, and all that is known of one job.

import { getJson, messageOf } from "../lib/api.js";
import { clock, milliseconds, readable, serviceTitle } from "../lib/format.js";
import { cancelJob, eraseJob, isOver, retryJob } from "../lib/jobs.js";
import { useLoaded } from "../lib/loading.js";
import { html, useState } from "../lib/preact.js";
import { goTo, linkTo } from "../lib/router.js";
import { say } from "../lib/saying.js";
import { presetOf } from "../lib/work.js";
import { Busy, ErrorNotice, Notice, Segments, StateTag } from "../parts/controls.js";
import { DeadLetters } from "../parts/dead-letters.js";
import { Icon } from "../parts/icon.js";
import { Json } from "../parts/json.js";
import { texts } from "../texts.js";

/** @typedef {import("../lib/types").Job} Job */

const AGAIN_MS = 3000;
const SOON_MS = 600;
const PAGE = 25;
const GIVEN_UP = "dead-letters";
const AGAIN = ["failed", "canceled"];

/** @param {{ argument: string }} properties */
export function Jobs({ argument }) {
  if (argument === GIVEN_UP) return html`<${DeadLetters} />`;
  return argument ? html`<${JobDetail} key=${argument} id=${argument} />` : html`<${JobList} />`;
}

function JobList() {
  const [state, setState] = useState("");
  const [cursor, setCursor] = useState("");
  const load = (/** @type {AbortSignal} */ signal) => getJson("jobs", { query: { status: state, limit: PAGE, cursor }, signal });
  const { value, error } = useLoaded(load, [state, cursor], () => AGAIN_MS);
  const options = [{ value: "", text: texts.common.all }, ...Object.entries(texts.jobs.states).map(([name, text]) => ({ value: name, text }))];
  const change = (/** @type {string} */ next) => {
    setCursor("");
    setState(next);
  };
  return html`
    <div class="page-head"><div><h1>${texts.jobs.title}</h1><p>${texts.jobs.lead}</p></div>
      <a class="button" href=${linkTo("jobs", GIVEN_UP)}>${texts.deadLetters.title}</a></div>
    <div class="stack">
      <div><${Segments} label=${texts.jobs.state} value=${state} options=${options} onChange=${change} /></div>
      <${ErrorNotice} error=${error} />
      ${value ? html`<${JobTable} jobs=${value.jobs} />` : error ? null : html`<${Busy} />`}
      ${value?.next ? html`<div><button type="button" class="button" onClick=${() => setCursor(value.next)}>${texts.jobs.next}</button></div>` : null}
    </div>`;
}

/** @param {{ jobs: Job[] }} properties */
function JobTable({ jobs }) {
  if (jobs.length === 0) return html`<div class="card empty">${texts.jobs.empty}</div>`;
  const { columns } = texts.jobs;
  return html`<div class="card"><div class="table-wrap" tabindex="0" role="region" aria-label=${texts.jobs.title}><table>
    <thead><tr><th>${columns.id}</th><th>${columns.state}</th><th>${columns.services}</th><th>${columns.created}</th>
      <th class="right">${columns.took}</th><th>${columns.expires}</th></tr></thead>
    <tbody>${jobs.map(
      (job) => html`<tr key=${job.id}>
        <td><a class="mono" href=${linkTo("jobs", job.id)}>${job.id.slice(0, 8)}</a></td>
        <td><${StateTag} state=${job.status} text=${texts.jobs.states[job.status] ?? job.status} /></td>
        <td class="text">${readable(presetOf(job.services)) || job.services.map(serviceTitle).join(", ")}</td>
        <td class="number">${clock(job.created_at)}</td>
        <td class="right number">${milliseconds(tookMs(job))}</td>
        <td class="number">${clock(job.expires_at)}</td>
      </tr>`,
    )}</tbody></table></div></div>`;
}

/** @param {{ id: string }} properties */
function JobDetail({ id }) {
  const load = (/** @type {AbortSignal} */ signal) => getJson(`jobs/${encodeURIComponent(id)}`, { signal });
  const { value, error, reload } = useLoaded(load, [id], (/** @type {Job} */ job) => (isOver(job.status) ? 0 : SOON_MS));
  const job = /** @type {Job | null} */ (value);
  return html`
    <div class="page-head"><div>
        <a class="row" href=${linkTo("jobs")}><${Icon} name="back" />${texts.jobs.back}</a>
        <h1>${texts.jobs.detail} <span class="mono">${id}</span></h1></div>
      ${job ? html`<${JobActions} job=${job} onChange=${reload} />` : null}
    </div>
    <div class="stack">
      <${ErrorNotice} error=${error} />
      ${job && AGAIN.includes(job.status) && !job.retryable && !job.batch ? html`<${Notice}>${texts.jobs.notRetryable}<//>` : null}
      ${job ? html`<${JobFacts} job=${job} /><${JobStages} job=${job} />` : error ? null : html`<${Busy} />`}
      ${job?.error ? html`<${ErrorNotice} error=${job.error.message} />` : null}
      ${job?.result ? html`<${Json} label=${texts.jobs.result} value=${job.result} />` : null}
    </div>`;
}

/** @param {{ job: Job, onChange: () => void }} properties */
function JobActions({ job, onChange }) {
  const [error, setError] = useState("");
  const run = (/** @type {() => Promise<any>} */ action, /** @type {(answer: any) => void} */ after) => async () => {
    try {
      after(await action());
    } catch (failure) {
      setError(messageOf(failure));
    }
  };
  const leave = () => {
    say(texts.common.erased);
    goTo("jobs");
  };
  return html`<div class="row">
    <${ErrorNotice} error=${error} />
    ${isOver(job.status) ? null : html`<button type="button" class="button" onClick=${run(() => cancelJob(job.id), onChange)}>${texts.common.cancel}</button>`}
    ${job.retryable ? html`<button type="button" class="button primary" title=${texts.jobs.retryHint}
      onClick=${run(() => retryJob(job.id), (again) => goTo("jobs", again.id))}><${Icon} name="refresh" />${texts.jobs.retry}</button>` : null}
    <button type="button" class="button danger" title=${texts.jobs.eraseHint} onClick=${run(() => eraseJob(job.id), leave)}>
      <${Icon} name="trash" />${texts.common.erase}</button>
  </div>`;
}

/** @param {{ job: Job }} properties */
function JobFacts({ job }) {
  const { columns } = texts.jobs;
  return html`<div class="card padded"><dl class="facts">
    <dt>${columns.state}</dt><dd><${StateTag} state=${job.status} text=${texts.jobs.states[job.status] ?? job.status} /></dd>
    <dt>${columns.created}</dt><dd class="number">${clock(job.created_at)}</dd>
    <dt>${columns.took}</dt><dd class="number">${milliseconds(tookMs(job))}</dd>
    <dt>${columns.expires}</dt><dd class="number">${clock(job.expires_at)}</dd>
    ${job.retry_of ? html`<dt>${texts.jobs.retryOf}</dt><dd><a class="mono" href=${linkTo("jobs", job.retry_of)}>${job.retry_of.slice(0, 8)}</a></dd>` : null}
  </dl></div>`;
}

/** @param {{ job: Job }} properties */
function JobStages({ job }) {
  const { stageColumns: columns } = texts.jobs;
  return html`<div class="card"><div class="table-wrap" tabindex="0" role="region" aria-label=${texts.jobs.stages}><table>
    <thead><tr><th>${columns.service}</th><th>${columns.state}</th><th class="right">${columns.ms}</th><th>${columns.worker}</th><th>${columns.queue}</th></tr></thead>
    <tbody>${job.stages.map(
      (stage) => html`<tr key=${stage.service}>
        <td class="text">${serviceTitle(stage.service)}${stage.error ? html`<div class="small">${stage.error}</div>` : null}</td>
        <td><${StateTag} state=${stage.status} text=${texts.stages.states[stage.status] ?? stage.status} /></td>
        <td class="right number">${milliseconds(stage.ms)}</td>
        <td class="mono">${stage.worker ?? "–"}</td><td class="mono">${stage.queue ?? "–"}</td>
      </tr>`,
    )}</tbody></table></div></div>`;
}

/** @param {Job} job */
function tookMs(job) {
  return job.finished_at ? Date.parse(job.finished_at) - Date.parse(job.created_at) : null;
}
