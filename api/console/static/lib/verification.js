// The two photos of the view Verify, and the comparison of their faces.

import { ApiError, messageOf, withClient } from "./api.js";
import { templateOf } from "./faceline.js";
import { eraseJob, follow, submit } from "./jobs.js";
import { dimensions } from "./photos.js";
import { computed, signal } from "./preact.js";
import { texts } from "../texts.js";

/** @typedef {import("./types").Face} Face @typedef {import("./types").Verdict} Verdict */
/** @typedef {{ file: Blob, name: string, url: string, width: number, height: number, busy: boolean, error: string,
 *   faces: Face[], chosen: number }} Side */
/** @typedef {{ operating_point: string, faces: "largest" | "single", min_quality: number, require_live: boolean }} Rules */

const EXTRACTOR = "face-detector-template-extractor";
const SIDES = /** @type {const} */ (["a", "b"]);

/** The photos, by side. */
export const sides = signal(/** @type {Record<"a" | "b", Side | null>} */ ({ a: null, b: null }));

/** What the photos must be, and which threshold decides. */
export const rules = signal(/** @type {Rules} */ ({ operating_point: "identity", faces: "largest", min_quality: 0, require_live: false }));

/** The answer, or why there is none. */
export const outcome = signal(
  /** @type {{ busy: boolean, verdict: Verdict | null, error: string, type: string }} */ ({ busy: false, verdict: null, error: "", type: "" }),
);

const ready = computed(() => SIDES.every((side) => (sides.value[side]?.faces.length ?? 0) > 0));

/**
 * Put a photo on a side; null removes the photo of the side.
 * @param {"a" | "b"} side
 * @param {File | null} file
 */
export async function setPhoto(side, file) {
  const before = sides.value[side];
  if (before) URL.revokeObjectURL(before.url);
  clearOutcome();
  if (!file) {
    sides.value = { ...sides.value, [side]: null };
    return;
  }
  const url = URL.createObjectURL(file);
  const size = await dimensions(url);
  /** @type {Side} */
  const added = { file, name: file.name, url, ...size, busy: true, error: "", faces: [], chosen: 0 };
  sides.value = { ...sides.value, [side]: added };
  const found = await findFaces(file).catch((error) => ({ faces: [], error: messageOf(error) }));
  if (sides.value[side]?.url !== url) return; // another photo was put there meanwhile
  sides.value = { ...sides.value, [side]: { ...added, busy: false, ...found, chosen: largestOf(found.faces) } };
  await compare();
}

/**
 * Choose the face of a side that is compared.
 * @param {"a" | "b"} side
 * @param {number} index
 */
export function chooseFace(side, index) {
  const photo = sides.value[side];
  if (!photo) return;
  sides.value = { ...sides.value, [side]: { ...photo, chosen: index } };
  void compare();
}

/** @param {Partial<Rules>} changes */
export function setRules(changes) {
  rules.value = { ...rules.value, ...changes };
  void compare();
}

let lastComparison = 0;

/** Compare the chosen faces, if both photos have one. */
export async function compare() {
  if (!ready.value) return;
  lastComparison += 1;
  const comparison = lastComparison;
  outcome.value = { busy: true, verdict: outcome.value.verdict, error: "", type: "" };
  let next;
  try {
    const verdict = await verify();
    next = { busy: false, verdict, error: "", type: "" };
  } catch (error) {
    const missing = error instanceof ApiError && (error.status === 404 || error.status === 405);
    next = {
      busy: false,
      verdict: null,
      error: missing ? texts.verify.missingRoute : messageOf(error),
      type: error instanceof ApiError ? error.type : "",
    };
  }
  if (comparison === lastComparison) outcome.value = next;
}

function clearOutcome() {
  lastComparison += 1;
  outcome.value = { busy: false, verdict: null, error: "", type: "" };
}

/**
 * The faces of a photo with their templates; its job is erased at once.
 * @param {File} file
 * @returns {Promise<{ faces: Face[], error: string }>}
 */
async function findFaces(file) {
  const submitted = await submit(file, { services: [EXTRACTOR] });
  const job = await follow(submitted.id, () => undefined);
  await eraseJob(job.id);
  if (job.status !== "succeeded") throw new Error(job.error?.message ?? texts.errors.ended(job.status));
  const failure = job.result?.errors?.[0];
  if (failure) throw new Error(failure.message);
  const faces = job.result?.objects ?? [];
  return { faces, error: faces.length === 0 ? texts.analyse.noFace : "" };
}

/**
 * Compares photos, unless a face was chosen that is not the largest one: then its template.
 * @returns {Promise<Verdict>}
 */
function verify() {
  const { min_quality, ...rest } = rules.value;
  const options = /** @type {import("./faceline.js").VerifyOptions} */ ({ ...rest, min_quality: min_quality || null });
  const [a, b] = SIDES.map((side) => sideOf(sides.value[side]));
  if (!a || !b) throw new Error(texts.verify.waiting);
  return withClient((client) => client.verify(a, b, options));
}

/** @param {Side | null} side */
function sideOf(side) {
  if (!side) return null;
  const face = side.faces[side.chosen];
  return face?.template && side.chosen !== largestOf(side.faces) ? templateOf(face) : side.file;
}

/** @param {Face[]} faces */
function largestOf(faces) {
  const areas = faces.map(({ bbox: [left = 0, top = 0, right = 0, bottom = 0] = [] }) => (right - left) * (bottom - top));
  return Math.max(0, areas.indexOf(Math.max(...areas)));
}
