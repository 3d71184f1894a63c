// Sends batches, and reads their rows.

import { send, withClient } from "./api.js";
import { archiveOf } from "./archive.js";
import { texts } from "../texts.js";

/** @typedef {import("./types").Batch} Batch @typedef {import("./types").Sample} Sample */
/** @typedef {import("./jobs.js").Work} Work */
/** @typedef {{ custom_id: string | null, line: number, sample: Sample | null, type: string, error: string }} Row */

export const PARQUET = "application/vnd.apache.parquet";
export const JSONL = "application/x-ndjson";
export const CSV = "text/csv";

/** How many rows are read and shown. */
export const MOST_ROWS = 1000;

/** @type {[RegExp, "application/zip" | "application/x-tar" | "application/gzip" | "application/x-ndjson"][]} */
const ARCHIVES = [
  [/\.zip$/i, "application/zip"],
  [/\.tar$/i, "application/x-tar"],
  [/\.(tgz|tar\.gz)$/i, "application/gzip"],
  [/\.(jsonl|ndjson)$/i, JSONL],
];

/**
 * Send one archive or JSONL file, or photos.
 * @param {File[]} files
 * @param {Work} work
 * @returns {Promise<Batch>}
 */
export async function sendBatch(files, work) {
  const kinds = files.map((file) => ARCHIVES.find(([name]) => name.test(file.name))?.[1]);
  const archive = kinds.length === 1 ? kinds[0] : undefined;
  if (!archive && kinds.some(Boolean)) throw new Error(texts.batches.mixed);
  const options = archive === JSONL ? {} : { ...work, on_error: /** @type {const} */ ("continue") };
  const content = archive ? /** @type {File} */ (files[0]) : archiveOf(files);
  return withClient((client) => client.submitBatch(content, archive ?? "application/x-tar", options));
}

/**
 * The rows of a batch: results and errors together, in the order of the batch.
 * @param {string} id
 * @param {AbortSignal} signal
 * @returns {Promise<Row[]>}
 */
export async function readRows(id, signal) {
  const [output, errors] = await Promise.all(["output", "errors"].map((name) => readLines(`batches/${id}/${name}`, signal)));
  const rows = [
    ...(output ?? []).map((row) => ({ custom_id: row.custom_id, line: row.line, sample: row.result, type: "", error: "" })),
    ...(errors ?? []).map((row) => ({ custom_id: row.custom_id, line: row.line, sample: null, type: row.type, error: textOf(row.detail) })),
  ];
  return rows.sort((a, b) => a.line - b.line);
}

/**
 * Save a file of a batch.
 * @param {string} path
 * @param {string} mediaType
 * @param {string} name
 */
export async function saveFile(path, mediaType, name) {
  const response = await send(path, { headers: { Accept: mediaType } });
  const url = URL.createObjectURL(await response.blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/**
 * @param {string} path
 * @param {AbortSignal} signal
 * @returns {Promise<any[]>}
 */
async function readLines(path, signal) {
  const response = await send(path, { signal, headers: { Accept: JSONL } });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  /** @type {any[]} */
  const rows = [];
  let rest = "";
  while (reader && rows.length < MOST_ROWS) {
    const { done, value } = await reader.read();
    if (done) break;
    const lines = (rest + value).split("\n");
    rest = lines.pop() ?? "";
    rows.push(...lines.filter(Boolean).map((line) => JSON.parse(line)));
  }
  await reader?.cancel();
  return rows.slice(0, MOST_ROWS);
}

/** @param {unknown} detail */
function textOf(detail) {
  return Array.isArray(detail) ? detail.map((part) => part.msg).join("; ") : String(detail);
}
