// What the deployment offers and how it is, as its API says.

import { messageOf, reachable, withClient } from "./api.js";
import { computed, signal } from "./preact.js";

/** @typedef {import("./types").Offers} Offers @typedef {import("./types").Version} Version */

/** What `GET /services` says; null until it is there. */
export const offers = signal(/** @type {Offers | null} */ (null));

/** What `GET /version` says; null until it is there. */
export const version = signal(/** @type {Version | null} */ (null));

/** Why the offers could not be read; empty if they could. */
export const trouble = signal("");

/** Whether requests would wait for a worker that does not exist. */
export const withoutWorkers = computed(() => version.value !== null && version.value.workers.length === 0);

const TICK_MS = 3000;
const TICKS = 5;

/** Read what the deployment offers, and again every 15 seconds; more often while it does not answer. */
export async function watchDeployment() {
  for (let tick = 0; ; tick += 1) {
    const urgent = offers.value === null || !reachable.value;
    if (urgent || (tick % TICKS === 0 && !document.hidden)) await refresh();
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
}

async function refresh() {
  try {
    if (offers.value === null) offers.value = await withClient((client) => client.services());
    version.value = await withClient((client) => client.version());
    trouble.value = "";
  } catch (error) {
    trouble.value = messageOf(error);
  }
}

/**
 * A service by name.
 * @param {string} name
 */
export function serviceOf(name) {
  return offers.value?.services.find((service) => service.name === name);
}
