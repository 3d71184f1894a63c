// The client of the API of this host, with a key that the page asks for. All addresses are relative to the page, so a
// prefix of a proxy is kept.

import { ApiError, Client, NoAnswer } from "./faceline.js";
import { signal } from "./preact.js";
import { texts } from "../texts.js";

export { ApiError };

const KEPT_KEY = "faceline-key";

/** Asks for an API key: the page shows a dialog while this has a value. */
export const keyRequest = signal(/** @type {{ refused: boolean, answer: (key: string | null) => void } | null} */ (null));

/** Whether the last request reached the server. */
export const reachable = signal(true);

/** Whether the page has a key. */
export const hasKey = signal(readKey() !== null);

const client = new Client({ url: new URL(".", document.baseURI).href, key: readKey, fetch: watchedFetch, attempts: 3 });

/**
 * Do something with the client. After a 401 it asks for a key, and does it again.
 * @param {(client: Client) => Promise<unknown>} action
 * @returns {Promise<any>}
 */
export async function withClient(action) {
  for (let tries = 0; ; tries += 1) {
    try {
      return await action(client);
    } catch (error) {
      const refused = error instanceof ApiError && error.status === 401;
      if (!refused || !(await askForKey(tries > 0 || readKey() !== null))) throw error;
    }
  }
}

/**
 * Send a request.
 *
 * @param {string} path relative, such as `jobs`
 * @param {import("./faceline.js").RequestOptions & { method?: string }} [options]
 * @returns {Promise<Response>}
 */
export function send(path, { method = "GET", ...options } = {}) {
  return withClient(() => client.request(method, path, options));
}

/**
 * The JSON of an answer.
 * @param {string} path
 * @param {Parameters<typeof send>[1]} [options]
 * @returns {Promise<any>}
 */
export async function getJson(path, options) {
  const response = await send(path, options);
  return response.json();
}

/**
 * The address of a route.
 * @param {string} path
 * @param {Record<string, unknown>} [query]
 */
export function addressOf(path, query) {
  return client.address(path, query);
}

/** The key that requests are sent with; null without one. */
export function readKey() {
  try {
    return sessionStorage.getItem(KEPT_KEY);
  } catch {
    return null; // the browser forbids storage
  }
}

/**
 * Keep a key until the tab is closed, or forget it.
 * @param {string | null} key
 */
export function keepKey(key) {
  try {
    if (key) sessionStorage.setItem(KEPT_KEY, key);
    else sessionStorage.removeItem(KEPT_KEY);
  } catch {
    // The browser forbids storage: the key is asked for again.
  }
  hasKey.value = Boolean(key);
}

/**
 * What an error says to people.
 * @param {unknown} error
 */
export function messageOf(error) {
  if (error instanceof NoAnswer) return texts.errors.unreachable;
  if (error instanceof ApiError && error.type === "http_error") return texts.errors.status(error.status);
  return error instanceof Error ? error.message : String(error);
}

/** @type {typeof fetch} */
async function watchedFetch(address, options) {
  try {
    const response = await fetch(address, options);
    reachable.value = true;
    return response;
  } catch (error) {
    if (!options?.signal?.aborted) reachable.value = false;
    throw error;
  }
}

/**
 * @param {boolean} refused whether a key was sent and is not valid
 * @returns {Promise<boolean>} whether the user gave a key
 */
async function askForKey(refused) {
  const waiting = keyRequest.value;
  const key = await new Promise((/** @type {(key: string | null) => void} */ resolve) => {
    // Several requests that are refused at a time share one question.
    const answer = (/** @type {string | null} */ given) => {
      waiting?.answer(given);
      resolve(given);
    };
    keyRequest.value = { refused: refused || (waiting?.refused ?? false), answer };
  });
  if (key) keepKey(key);
  return key !== null;
}
