// The photos of the view Analyse: each is submitted as a job, two at a time.

import { ApiError, messageOf } from "./api.js";
import { offers } from "./deployment.js";
import { size } from "./format.js";
import { eraseJob, follow, submit } from "./jobs.js";
import { computed, signal } from "./preact.js";
import { texts } from "../texts.js";

/**
 * @typedef {import("./types").Job} Job
 * @typedef {import("./jobs.js").Work} Work
 * @typedef {{ id: number, file: Blob, name: string, url: string, width: number, height: number,
 *   state: "waiting" | "running" | "done" | "failed" | "erased", work: Work, job: Job | null, error: string, refused?: boolean }} Photo
 */

const AT_ONCE = 2;
// The file itself was refused: to send it again does not help.
const REFUSED = [413, 415, 422];

/** All photos, in the order in which they were added. */
export const photos = signal(/** @type {Photo[]} */ ([]));

const chosenId = signal(0);

/** The photo that is shown. */
export const shown = computed(() => photos.value.find((photo) => photo.id === chosenId.value) ?? null);

let lastId = 0;
let running = 0;

/** @param {Photo} photo */
export function show(photo) {
  chosenId.value = photo.id;
}

/**
 * Add photos, and analyse them.
 * @param {Iterable<File | Blob>} files
 * @param {Work} work
 */
export async function addPhotos(files, work) {
  const added = await Promise.all([...files].map((file) => readPhoto(file, work)));
  if (added.length === 0) return;
  photos.value = [...photos.value, ...added];
  chosenId.value = added[0]?.id ?? chosenId.value;
  proceed();
}

/**
 * Analyse a photo again.
 * @param {Photo} photo
 * @param {Work} work
 */
export async function analyseAgain(photo, work) {
  const before = photo.job?.id;
  update(photo.id, { work, state: "waiting", job: null, error: "", refused: false });
  proceed();
  if (before) await eraseJob(before);
}

/**
 * Erase a photo and its results here and on the server.
 * @param {Photo} photo
 */
export async function erase(photo) {
  if (photo.job) await eraseJob(photo.job.id);
  remove(photo);
}

/** Erase all photos and their results. */
export async function eraseAll() {
  await Promise.all(photos.value.map((photo) => erase(photo)));
}

/** @param {Photo} photo */
function remove(photo) {
  URL.revokeObjectURL(photo.url);
  photos.value = photos.value.filter((other) => other.id !== photo.id);
  if (chosenId.value === photo.id) chosenId.value = photos.value.at(-1)?.id ?? 0;
}

/**
 * @param {File | Blob} file
 * @param {Work} work
 * @returns {Promise<Photo>}
 */
async function readPhoto(file, work) {
  lastId += 1;
  const id = lastId; // others are added while this one is read
  const url = URL.createObjectURL(file);
  const name = file instanceof File ? file.name : texts.analyse.pasted;
  const { width, height } = await dimensions(url);
  const error = obstacle(file, width * height);
  return { id, file, name, url, width, height, state: error ? "failed" : "waiting", work, job: null, error, refused: error !== "" };
}

/**
 * Why a file is not worth sending; empty if it is.
 * @param {Blob} file
 * @param {number} pixels
 */
function obstacle(file, pixels) {
  if (file.type && !file.type.startsWith("image/")) return texts.analyse.notPhoto;
  const limits = offers.value?.services[0]?.limits;
  if (limits && file.size > limits.image_bytes) return texts.analyse.tooManyBytes(size(file.size), size(limits.image_bytes));
  if (limits && pixels > limits.pixels) {
    return texts.analyse.tooManyPixels(String(Math.round(pixels / 1e6)), String(Math.round(limits.pixels / 1e6)));
  }
  return "";
}

/**
 * The size of a photo as the browser shows it: turned upright. Zero if the browser cannot show it.
 * @param {string} url
 * @returns {Promise<{ width: number, height: number }>}
 */
export function dimensions(url) {
  return new Promise((resolve) => {
    const image = new Image();
    image.onload = () => resolve({ width: image.naturalWidth, height: image.naturalHeight });
    image.onerror = () => resolve({ width: 0, height: 0 });
    image.src = url;
  });
}

/**
 * @param {number} id
 * @param {Partial<Photo>} changes
 */
function update(id, changes) {
  photos.value = photos.value.map((photo) => (photo.id === id ? { ...photo, ...changes } : photo));
}

function proceed() {
  while (running < AT_ONCE) {
    const next = photos.value.find((photo) => photo.state === "waiting");
    if (!next) return;
    running += 1;
    update(next.id, { state: "running" });
    void analyse(next).finally(() => {
      running -= 1;
      proceed();
    });
  }
}

/** @param {Photo} photo */
async function analyse(photo) {
  try {
    const submitted = await submit(photo.file, photo.work);
    // It may have been erased while it was sent: then the server gets to know it only now.
    if (!photos.value.some((other) => other.id === photo.id)) return void (await eraseJob(submitted.id));
    update(photo.id, { job: submitted });
    const job = await follow(submitted.id, (seen) => update(photo.id, { job: seen }));
    const failed = job.status !== "succeeded";
    update(photo.id, { job, state: failed ? "failed" : "done", error: failed ? whyOf(job) : "" });
  } catch (error) {
    const refused = error instanceof ApiError && REFUSED.includes(error.status);
    update(photo.id, { state: "failed", error: messageOf(error), refused });
  }
}

/** @param {Job} job */
function whyOf(job) {
  return job.error?.message ?? texts.errors.ended(job.status);
}
