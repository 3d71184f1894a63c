// Submits photos as jobs, and follows jobs to their end.

import { getJson, send, withClient } from "./api.js";

/** @typedef {import("./types").Job} Job */

const STEP_S = 0.4;

/**
 * What is to be done to a photo: a preset, or services.
 * @typedef {{ preset?: string, services?: string[] }} Work
 */

/**
 * Submit a photo.
 * @param {Blob} photo
 * @param {Work} work
 * @param {{ dialect?: "v1" | "v2", signal?: AbortSignal }} [options]
 * @returns {Promise<Job>}
 */
export function submit(photo, work, options = {}) {
  return withClient((client) => client.submit(photo, { ...work, on_error: "continue", priority: "high", dialect: "v2", ...options }));
}

/**
 * Follow a job to its end.
 * @param {string} id
 * @param {(job: Job) => void} seen called with each new state
 * @param {AbortSignal} [signal]
 * @returns {Promise<Job>}
 */
export async function follow(id, seen, signal) {
  for (;;) {
    const job = await withClient((client) => client.job(id, { wait: STEP_S, signal }));
    seen(job);
    if (isOver(job.status)) return job;
  }
}

/** @param {string} status */
export function isOver(status) {
  return status !== "queued" && status !== "running";
}

/** @param {string} id */
export function cancelJob(id) {
  return withClient((client) => client.cancel(id));
}

/**
 * Submit a job again that failed or was canceled.
 * @param {string} id
 * @returns {Promise<Job>} the new job
 */
export function retryJob(id) {
  return getJson(`jobs/${id}/retry`, { method: "POST", repeatable: true });
}

/** @param {string} id */
export async function eraseJob(id) {
  await send(`jobs/${id}`, { method: "DELETE", accept: [404, 410] });
}
