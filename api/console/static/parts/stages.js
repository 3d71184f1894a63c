// The progress of a job, service by service.

import { milliseconds, serviceTitle } from "../lib/format.js";
import { html } from "../lib/preact.js";
import { texts } from "../texts.js";

/** @typedef {import("../lib/types").Job} Job */

/** @param {{ job: Job | null, services: readonly string[] }} properties */
export function Stages({ job, services }) {
  /** @type {{ service: string, status: string, ms: number | null }[]} */
  const stages = job?.stages ?? services.map((service) => ({ service, status: "queued", ms: null }));
  return html`<ol class="stages" aria-label=${texts.stages.title}>
    ${stages.map(
      (stage) => html`<li key=${stage.service}>
        <${Mark} status=${stage.status} />
        <span>${serviceTitle(stage.service)}</span>
        <span class="soft small number">${stage.ms === null ? (texts.stages.states[stage.status] ?? stage.status) : milliseconds(stage.ms)}</span>
      </li>`,
    )}
  </ol>`;
}

/** @param {{ status: string }} properties */
function Mark({ status }) {
  if (status === "running") return html`<span class="spinner" aria-hidden="true"></span>`;
  const kind = status === "succeeded" ? "good" : status === "failed" ? "bad" : "";
  return html`<span class="dot ${kind}" aria-hidden="true"></span>`;
}
