// The results of a batch as a table with filters, and as files.

import { messageOf } from "../lib/api.js";
import { CSV, JSONL, MOST_ROWS, PARQUET, readRows, saveFile } from "../lib/batches.js";
import { offers } from "../lib/deployment.js";
import { count } from "../lib/format.js";
import { useLoaded } from "../lib/loading.js";
import { html, useMemo, useState } from "../lib/preact.js";
import { emotionName, strongestEmotion } from "../lib/summary.js";
import { texts } from "../texts.js";
import { Busy, ErrorNotice, Segments } from "./controls.js";
import { Icon } from "./icon.js";
import { checkName, checksOf } from "./quality.js";

/** @typedef {import("../lib/types").Batch} Batch @typedef {import("../lib/types").Face} Face */
/** @typedef {import("../lib/batches.js").Row} Row */

const KINDS = /** @type {const} */ (["all", "noFace", "check", "failed"]);

/** @param {{ batch: Batch }} properties */
export function BatchRows({ batch }) {
  const { counts } = batch;
  const done = counts.succeeded + counts.failed;
  const { value, error } = useLoaded((signal) => readRows(batch.id, signal), [batch.id, done], () => 0);
  const [kind, setKind] = useState(/** @type {typeof KINDS[number]} */ ("all"));
  const [ages, setAges] = useState({ from: "", to: "" });
  const rows = value ?? [];
  const shown = useMemo(() => rows.filter((row) => isOf(row, kind) && hasAge(row, ages)), [value, kind, ages]);
  if (error) return html`<${ErrorNotice} error=${error} />`;
  if (!value) return html`<${Busy} />`;
  const kinds = KINDS.map((name) => ({ value: name, text: `${texts.batches.filter[name]} ${count(rows.filter((row) => isOf(row, name)).length)}` }));
  return html`
    <div class="row apart">
      <div class="row"><${Segments} label=${texts.batches.filters} value=${kind} options=${kinds} onChange=${setKind} />
        <${AgeFilter} ages=${ages} onChange=${setAges} /></div>
      <${Files} batch=${batch} />
    </div>
    ${rows.length >= MOST_ROWS ? html`<p class="soft small">${texts.batches.firstRows(MOST_ROWS)}</p>` : null}
    <${RowTable} rows=${shown} />
    <p class="soft small" role="status">${texts.batches.shownRows(shown.length, rows.length)}</p>`;
}

/** @param {{ ages: { from: string, to: string }, onChange: (ages: { from: string, to: string }) => void }} properties */
function AgeFilter({ ages, onChange }) {
  return html`<span class="row age-filter"><span class="soft small">${texts.batches.filter.age}</span>
    ${/** @type {const} */ (["from", "to"]).map(
      (end) => html`<input key=${end} class="input number" type="number" min="0" max="120" value=${ages[end]}
        placeholder=${texts.batches.filter[end]} aria-label=${`${texts.batches.filter.age} ${texts.batches.filter[end]}`}
        onInput=${(/** @type {any} */ event) => onChange({ ...ages, [end]: event.currentTarget.value })} />`,
    )}</span>`;
}

/** @param {{ batch: Batch }} properties */
function Files({ batch }) {
  const [error, setError] = useState("");
  const formats = offers.value?.batches.formats ?? [];
  const files = [
    { text: texts.batches.jsonl, path: "output", type: JSONL, name: `${batch.id}.jsonl` },
    { text: texts.batches.csv, path: "output", type: CSV, name: `${batch.id}.csv` },
    { text: texts.batches.parquet, path: "output", type: PARQUET, name: `${batch.id}.parquet` },
    ...(batch.counts.failed > 0 ? [{ text: texts.batches.errorsFile, path: "errors", type: JSONL, name: `${batch.id}-errors.jsonl` }] : []),
  ];
  return html`<div class="row"><${ErrorNotice} error=${error} /><span class="soft small">${texts.batches.files}</span>${files.map(
    (file) => html`<button type="button" class="button slim" key=${file.name} disabled=${!formats.includes(file.type)}
      title=${formats.includes(file.type) ? null : texts.batches.noParquet} onClick=${() =>
      saveFile(`batches/${batch.id}/${file.path}`, file.type, file.name).catch((failure) => setError(messageOf(failure)))}>
      <${Icon} name="download" />${file.text}</button>`,
  )}${formats.includes(PARQUET) ? null : html`<span class="soft small">${texts.batches.noParquet}</span>`}</div>`;
}

/** @type {{ name: keyof typeof texts.batches.rows, right?: boolean, value: (face: Face) => string | number | undefined }[]} */
const COLUMNS = [
  { name: "age", value: (face) => face.age },
  { name: "gender", value: (face) => face.gender },
  { name: "emotion", value: (face) => emotionName(strongestEmotion(face)?.emotion ?? "").toLowerCase() },
  { name: "quality", right: true, value: (face) => face.quality && Math.round(Number(face.quality.total_score) * 100) },
];

/** Columns without a value in any row are left out. @param {{ rows: Row[] }} properties */
function RowTable({ rows }) {
  const { rows: titles } = texts.batches;
  const columns = COLUMNS.filter(({ value }) => rows.some((row) => listed(facesOf(row), value)));
  const withChecks = rows.some((row) => facesOf(row).some((face) => face.quality) || row.sample?.errors?.length);
  return html`<div class="card"><div class="table-wrap" tabindex="0" role="region" aria-label=${texts.batches.output}><table>
    <thead><tr><th>${titles.photo}</th><th class="right">${titles.faces}</th>
      ${columns.map(({ name, right }) => html`<th key=${name} class=${right ? "right" : ""}>${titles[name]}</th>`)}
      ${withChecks ? html`<th>${titles.checks}</th>` : null}</tr></thead>
    <tbody>${rows.map((row) => html`<tr key=${row.line}>
      <td>${row.custom_id ?? row.line}</td>
      ${row.error
        ? html`<td colspan=${columns.length + 1 + Number(withChecks)}><span class="tag bad">${row.type}</span> ${row.error}</td>`
        : html`<td class="right number">${facesOf(row).length || html`<span class="tag warn">${texts.batches.filter.noFace}</span>`}</td>
          ${columns.map(({ name, right, value }) => html`<td key=${name} class="number ${right ? "right" : ""}">${listed(facesOf(row), value)}</td>`)}
          ${withChecks ? html`<td class="text"><${Checks} row=${row} /></td>` : null}`}
    </tr>`)}</tbody>
  </table></div></div>`;
}

/** The failed checks of a row, and the services that failed. @param {{ row: Row }} properties */
function Checks({ row }) {
  return html`${[...new Set(facesOf(row).flatMap(failedChecks))].join(", ")}
    ${row.sample?.errors?.map((failure) => html` <span class="tag bad" title=${failure.message}>${failure.service}</span>`)}`;
}

/** @param {Row} row */
function facesOf(row) {
  return row.sample?.objects ?? [];
}

/**
 * @param {Face[]} faces
 * @param {(face: Face) => string | number | undefined} value
 */
function listed(faces, value) {
  return faces.map(value).filter((one) => one !== undefined && one !== "").join(", ");
}

/** @param {Face} face */
function failedChecks(face) {
  return face.quality ? checksOf(face.quality).failed.map((check) => checkName(check, false)) : [];
}

/**
 * @param {Row} row
 * @param {typeof KINDS[number]} kind
 */
function isOf(row, kind) {
  if (kind === "failed") return Boolean(row.error) || (row.sample?.errors?.length ?? 0) > 0;
  if (kind === "noFace") return row.sample !== null && facesOf(row).length === 0;
  if (kind === "check") return facesOf(row).some((face) => failedChecks(face).length > 0);
  return true;
}

/**
 * @param {Row} row
 * @param {{ from: string, to: string }} ages
 */
function hasAge(row, { from, to }) {
  if (!from && !to) return true;
  return facesOf(row).some((face) => face.age !== undefined && Number(face.age) >= Number(from || 0) && Number(face.age) <= Number(to || 999));
}
