// The view System: whether all works, the workers, the models, and the limits.

import { getJson } from "../lib/api.js";
import { offers, version } from "../lib/deployment.js";
import { count, duration, milliseconds, readable, size } from "../lib/format.js";
import { useLoaded } from "../lib/loading.js";
import { html } from "../lib/preact.js";
import { Busy, ErrorNotice, Notice, StateTag } from "../parts/controls.js";
import { Icon } from "../parts/icon.js";
import { texts } from "../texts.js";

/** @typedef {import("../lib/types").Ready} Ready @typedef {import("../lib/types").Queue} Queue */

// A check runs all models once.
const AGAIN_MS = 30_000;
const QUEUES_MS = 3000;

export function System() {
  const load = (/** @type {AbortSignal} */ signal) => getJson("readyz", { signal, accept: [503] });
  const { value, error, reload } = useLoaded(load, [], () => AGAIN_MS);
  const ready = /** @type {Ready | null} */ (value);
  return html`
    <div class="page-head"><div><h1>${texts.system.title}</h1><p>${texts.system.lead}</p></div>
      <button type="button" class="button" onClick=${reload}><${Icon} name="refresh" />${texts.system.check}</button></div>
    <div class="stack">
      <${ErrorNotice} error=${error} />
      ${ready ? html`<${State} ready=${ready} />` : error ? null : html`<${Busy} text=${texts.system.checking} />`}
      <${Queues} />
      <div class="columns"><${Limits} /><${Links} /></div>
      <${Models} />
    </div>`;
}

/** @param {{ ready: Ready }} properties */
function State({ ready }) {
  const { familyColumns: columns } = texts.system;
  const families = Object.entries(ready.families ?? {});
  return html`
    ${ready.ready ? null : html`<${Notice} kind="bad"><strong>${texts.system.notReady}.</strong> ${ready.detail}<//>`}
    ${ready.failing?.length ? html`<${Notice} kind="warn">${texts.system.failing} ${ready.failing.join("; ")}<//>` : null}
    <section class="card"><div class="card-head"><h2>${texts.system.families}</h2>
      <${StateTag} state=${ready.ready ? "succeeded" : "failed"} text=${ready.ready ? texts.system.ready : texts.system.notReady} /></div>
      <div class="table-wrap" tabindex="0" role="region" aria-label=${texts.system.families}><table>
      <thead><tr><th>${columns.family}</th><th>${columns.state}</th><th>${columns.worker}</th><th class="right">${columns.ms}</th></tr></thead>
      <tbody>${families.map(
        ([name, state]) => html`<tr key=${name}><td>${readable(name)}</td>
          <td><${StateTag} state=${state.error ? "failed" : "succeeded"} text=${state.error ?? texts.system.works} /></td>
          <td class="mono">${state.worker ?? "–"}</td><td class="right number">${slowest(state.ms)}</td></tr>`,
      )}</tbody></table></div></section>`;
}

/** @param {Record<string, number> | undefined} ms */
function slowest(ms) {
  const times = Object.values(ms ?? {});
  return times.length > 0 ? milliseconds(Math.max(...times)) : "–";
}

function Queues() {
  const load = (/** @type {AbortSignal} */ signal) => getJson("queues", { signal });
  const { value, error } = useLoaded(load, [], () => QUEUES_MS);
  const queues = /** @type {Queue[]} */ (value?.queues ?? []);
  const { queueColumns: columns } = texts.system;
  return html`<section class="card"><div class="card-head"><h2>${texts.system.queues}</h2></div>
    ${error ? html`<div class="padded"><${ErrorNotice} error=${error} /></div>` : null}
    ${value || error ? null : html`<div class="padded"><${Busy} /></div>`}
    ${value ? html`<div class="table-wrap" tabindex="0" role="region" aria-label=${texts.system.queues}><table>
    <thead><tr><th>${columns.queue}</th><th class="right">${columns.messages}</th><th class="right">${columns.oldest}</th></tr></thead>
    <tbody>${queues.map(
      (queue) => html`<tr key=${queue.name}><td class="mono">${queue.name}</td><td class="right number">${count(queue.messages)}</td>
        <td class="right number">${queue.oldest_s === null ? "–" : duration(queue.oldest_s)}</td></tr>`,
    )}</tbody></table></div>` : null}</section>`;
}

function Limits() {
  const { services = [], keeping, batches } = offers.value ?? {};
  const limits = services.map((service) => service.limits);
  const bytes = Math.max(...limits.map((limit) => limit.image_bytes));
  const pixels = Math.max(...limits.map((limit) => limit.pixels));
  return html`<section class="card padded stack tight"><h2>${texts.system.limits}</h2><dl class="facts">
    <dt>${texts.system.image}</dt><dd>${texts.system.imageLimit(size(bytes), String(Math.round(pixels / 1e6)))}</dd>
    ${batches ? html`<dt>${texts.system.batch}</dt><dd>${texts.batches.limit(batches.requests, size(batches.body_bytes))}</dd>` : null}
    ${keeping ? html`<dt>${texts.system.keeping}</dt><dd>${texts.system.keepingLimit(keeping.ttl_s, keeping.max_ttl_s)}</dd>` : null}
    <dt>${texts.system.photoKept}</dt><dd>${texts.system.photoKeptUntil}</dd>
    <dt>${texts.system.version}</dt><dd>${version.value?.version ?? "–"}</dd>
    <dt>${texts.system.workers}</dt><dd class="mono">${version.value?.workers.join(", ") || texts.common.none}</dd>
  </dl></section>`;
}

function Links() {
  const links = [
    ["docs", texts.system.linkDocs],
    ["openapi.json", texts.system.linkSchema],
    ["services", texts.system.linkServices],
  ];
  return html`<section class="card padded stack tight"><h2>${texts.system.links}</h2>
    <ul class="stack tight">${links.map(([address, text]) => html`<li key=${address}><a href=${address}>${text}</a></li>`)}</ul></section>`;
}

function Models() {
  const { modelColumns: columns } = texts.system;
  return html`<section class="card"><div class="card-head"><h2>${texts.system.models}</h2></div>
    <div class="table-wrap" tabindex="0" role="region" aria-label=${texts.system.models}><table>
    <thead><tr><th>${columns.name}</th><th>${columns.package}</th><th>${columns.licence}</th><th>${columns.hash}</th></tr></thead>
    <tbody>${(version.value?.models ?? []).map(
      (model) => html`<tr key=${model.name}><td>${model.name}</td><td>${model.package}</td><td>${model.licence}</td>
        <td class="mono" title=${model.sha256}>${model.sha256.slice(0, 16)}…</td></tr>`,
    )}</tbody></table></div></section>`;
}
