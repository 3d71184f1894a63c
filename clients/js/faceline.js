// The client of Faceline's API in one file, without dependencies: for browsers, and for Node.js 20.3 or later.

/** @typedef {import("./schema.d.ts").components["schemas"]} Schemas shapes of the API's document */
/** @typedef {Schemas["V2Result"]} Sample */
/** @typedef {Schemas["V1Result"]} SampleV1 */
/** @typedef {Schemas["VerificationAnswer"]} Verification */
/** @typedef {Schemas["JobView"]} Job */
/** @typedef {Schemas["BatchView"]} Batch */
/** @typedef {Blob | ArrayBuffer | Uint8Array} Photo an encoded photo; a `File` is a `Blob` */
/** @typedef {Schemas["V2Sample"] | Schemas["V1Sample"] | Sample | SampleV1} AnySample */
/** @typedef {Photo | Schemas["FaceToCompare"]} Side a photo, or a template as of `templateOf` */
/** @typedef {{ signal?: AbortSignal }} Abortable */
/** @typedef {Partial<Omit<Schemas["JobRequest"], "sample">>} JobOptions what is to be done, and how the job is kept */
/** @typedef {Partial<Omit<Schemas["VerifyRequest"], "a" | "b">>} VerifyOptions */
/** @typedef {Pick<JobOptions, "services" | "preset" | "on_error" | "max_faces" | "ttl_s">} Work */
/** @typedef {{ index: number, name: string, sample: Sample | null, error: Schemas["ErrorRow"] | null }} BatchItem */
/** @typedef {{ index: number, name: string, blob: Blob }} Entry a photo on its way through a batch */
/**
 * @typedef {Abortable & { query?: Record<string, unknown>, json?: unknown, body?: BodyInit,
 *   headers?: Record<string, string>, accept?: number[], repeatable?: boolean, wait?: number }} RequestOptions
 *   `accept`: statuses above 299 that are no error. `repeatable`: sent again also after a broken connection; a POST gets
 *   an idempotency key for that. `wait`: how many seconds the API may wait before it answers
 */
/**
 * @typedef {{ url?: string, key?: string | (() => string | null | undefined), timeoutS?: number, attempts?: number,
 *   firstPauseS?: number, longestPauseS?: number, fetch?: typeof fetch }} ClientOptions
 */

const LONGEST_WAIT_S = 60;
const ENDS = ["succeeded", "completed", "failed", "canceled", "expired", "erased"]; // of jobs and batches
const AGAIN = [408, 429, 502, 503]; // the API did not accept the request, and may do so later
const CHUNK_BYTES = 32 * 2 ** 20;
const BLOCK = 512;

/** Any error of this client. `type` is its stable name, for programs. */
export class FacelineError extends Error {
  /** @param {string} type @param {string} message @param {ErrorOptions} [options] */
  constructor(type, message, options) {
    super(message, options);
    this.name = new.target.name;
    this.type = type;
  }
}

/** The API cannot be reached, the connection broke, or the time is over. `cause` says more. */
export class NoAnswer extends FacelineError {}

/** A job or batch still runs after the time to wait. `id` is its id. */
export class NotOver extends FacelineError {
  /** @param {{ id: string, status: string }} running */
  constructor({ id, status }) {
    super("not_over", `${id} is still ${status}`);
    this.id = id;
  }
}

/** A job ended without a result: it failed, was canceled, or has expired. */
export class JobFailed extends FacelineError {
  /** @param {Job} job */
  constructor(job) {
    super(job.error?.type ?? job.status, job.error?.message ?? `job ${job.id} is ${job.status}`);
    /** @type {Job} */
    this.job = job;
    this.service = job.error?.service ?? null;
  }
}

/** The API refused a request, or could not answer it. */
export class ApiError extends FacelineError {
  /** @param {Response} response @param {{ type?: string, detail?: string | Schemas["ErrorDetail"][] }} body */
  constructor(response, { type = "http_error", detail = `the server answered with status ${response.status}` }) {
    super(type, typeof detail === "string" ? detail : detail.map(({ loc, msg }) => `${loc.join(".")}: ${msg}`).join("; "));
    this.status = response.status;
    /** @type {Schemas["ErrorDetail"][]} what is wrong with which part of the request; empty where the API names no part */
    this.details = typeof detail === "string" ? [] : detail;
    /** Finds the request in the logs of the deployment. */
    this.requestId = response.headers.get("X-Request-ID");
    /** When the request may be sent again, in seconds; null if the API does not say. */
    this.retryAfterS = Number.parseFloat(response.headers.get("Retry-After") ?? "") || null;
  }
}

/** A client of the API. All times are in seconds. */
export class Client {
  #key;
  #fetch;
  #timing;

  /**
   * @param {ClientOptions} [options] `url` and `key`: in Node.js by default those of FACELINE_URL and FACELINE_KEY. A key may
   *   be a function, which is called for each request. `timeoutS`: for one attempt with its answer, beyond the time that the
   *   API was asked to wait. `attempts`: how often a request is sent at most. A pause doubles from `firstPauseS` to
   *   `longestPauseS`; an answer that asks for a longer one is an error at once
   */
  constructor(options = {}) {
    const environment = /** @type {any} */ (globalThis).process?.env ?? {};
    const { url, key, fetch, ...timing } = options;
    /** @type {string} */
    this.url = (url ?? environment.FACELINE_URL ?? "http://127.0.0.1:8000").replace(/\/*$/, "/");
    this.#key = key ?? environment.FACELINE_KEY;
    this.#fetch = fetch ?? globalThis.fetch.bind(globalThis);
    this.#timing = { timeoutS: 120, attempts: 6, firstPauseS: 0.5, longestPauseS: 30, ...timing };
  }

  /**
   * Run services on a photo or a sample, wait for the end, and give the enriched sample.
   * @param {Photo | AnySample} photo
   * @param {JobOptions & Abortable & { wait?: number }} options `services` or `preset` is needed
   * @returns {Promise<Sample>}
   */
  async analyse(photo, { wait = 60, ...options }) {
    const job = await this.submit(photo, { ...options, wait });
    const running = !ENDS.includes(job.status) && wait > LONGEST_WAIT_S;
    return resultOf(running ? await this.wait(job, { timeoutS: wait - LONGEST_WAIT_S, signal: options.signal }) : job);
  }

  /**
   * Whether two photos or templates show one person. Nothing is kept.
   * @param {Side} a
   * @param {Side} b
   * @param {VerifyOptions & Abortable} [options]
   * @returns {Promise<Verification>}
   */
  async verify(a, b, { signal, ...options } = {}) {
    const content =
      isPhoto(a) && isPhoto(b)
        ? { body: formOf({ image_a: blobOf(a), image_b: blobOf(b), ...options }) }
        : { json: { a: await sideOf(a), b: await sideOf(b), ...options } };
    return this.#json("POST", "verify", { ...content, signal });
  }

  /**
   * Run one service on a photo, or on a sample in the dialect of the version. The answer has the photo as well.
   * @template {1 | 2} [Version=2]
   * @param {string} service
   * @param {Photo | AnySample} sample
   * @param {Abortable & { version?: Version }} [options]
   * @returns {Promise<Version extends 1 ? SampleV1 : Sample>}
   */
  async process(service, sample, { version, signal } = {}) {
    const photo = isPhoto(sample) ? await base64Of(sample) : "";
    const json = !photo ? sample : version === 1 ? { $image: photo } : { _image: { blob: photo, format: "IMAGE" } };
    return this.#json("POST", `${encodeURIComponent(service)}/v${version ?? 2}/process/sample`, { json, signal });
  }

  /**
   * Create a job for a photo or a sample.
   * @param {Photo | AnySample} photo
   * @param {JobOptions & Abortable & { wait?: number, dialect?: "v1" | "v2" }} options `dialect`: of the result of a photo
   * @returns {Promise<Job>}
   */
  async submit(photo, { wait, signal, ...options }) {
    const sent = { wait, signal, repeatable: true };
    if (!isPhoto(photo)) return this.#json("POST", "jobs", { json: { sample: photo, ...options }, ...sent });
    return this.#json("POST", "jobs/image", { body: formOf({ image: blobOf(photo), ...options }), ...sent });
  }

  /**
   * The job as it is now; or when it ends, or after `wait`.
   * @param {string | Job} job
   * @param {Abortable & { wait?: number }} [options]
   * @returns {Promise<Job>}
   */
  job(job, options = {}) {
    return this.#json("GET", pathOf("jobs", job), options);
  }

  /**
   * Wait until a job has ended, whether it succeeded or not.
   * @param {string | Job} job
   * @param {Abortable & { timeoutS?: number }} [options]
   * @returns {Promise<Job>}
   */
  wait(job, { timeoutS = 600, signal } = {}) {
    return untilOver((wait) => this.job(job, { wait, signal }), timeoutS);
  }

  /**
   * Wait until a job has ended, and give its result.
   * @template {Sample | SampleV1 | Verification} [Result=Sample]
   * @param {string | Job} job
   * @param {Abortable & { timeoutS?: number }} [options]
   * @returns {Promise<Result>}
   */
  async result(job, options) {
    return resultOf(await this.wait(job, options));
  }

  /**
   * End a job at its next service. A job that has ended does not change.
   * @param {string | Job} job
   * @param {Abortable} [options]
   * @returns {Promise<Job>}
   */
  cancel(job, options) {
    return this.#json("POST", pathOf("jobs", job, "cancel"), { ...options, repeatable: true });
  }

  /**
   * End a job and erase all its data. It may be erased already.
   * @param {string | Job} job
   * @param {Abortable} [options]
   */
  async erase(job, options) {
    await this.request("DELETE", pathOf("jobs", job), { ...options, accept: [410] });
  }

  /**
   * The photo of a job with `include_image`, with what was found drawn on it.
   * @param {string | Job} job
   * @param {Abortable & { layers?: ("boxes" | "points" | "axes" | "labels")[], form?: "jpeg" | "webp" | "png",
   *   photo?: "a" | "b" }} [options] `photo`: which one of a verification
   * @returns {Promise<Blob>}
   */
  picture(job, { layers, form = "jpeg", photo, signal } = {}) {
    const options = { query: { layers, photo }, headers: { Accept: `image/${form}` }, signal };
    return this.#send("GET", pathOf("jobs", job, "picture"), options, (response) => response.blob());
  }

  /**
   * The jobs, the latest first, without their results. Pages are fetched as they are needed.
   * @param {Abortable & { status?: Schemas["JobStatus"], pageSize?: number }} [options]
   * @returns {AsyncGenerator<Job, void, undefined>}
   */
  jobs({ status, pageSize, signal } = {}) {
    return this.#pages("jobs", { status, limit: pageSize }, signal);
  }

  /**
   * The batches, the latest first. Pages are fetched as they are needed.
   * @param {Abortable & { pageSize?: number }} [options]
   * @returns {AsyncGenerator<Batch, void, undefined>}
   */
  batches({ pageSize, signal } = {}) {
    return this.#pages("batches", { limit: pageSize }, signal);
  }

  /**
   * Run services on many photos, and give the results in the order of the photos, while later photos are sent. A photo that
   * fails is an item with an error. Each batch is erased once its results are here, unless `keep` is true.
   * @param {Iterable<Photo> | AsyncIterable<Photo>} photos
   * @param {Work & Abortable & { chunk?: number, openBatches?: number, keep?: boolean }} options `chunk`: how many photos
   *   travel together. `openBatches`: how many batches the deployment has at a time
   * @returns {AsyncGenerator<BatchItem, void, undefined>}
   */
  async *batch(photos, { chunk = 64, openBatches = 4, keep = false, ...work }) {
    const coming = chunksOf(photos, chunk);
    /** @type {Entry[][]} */
    const waiting = []; // sent again before new photos
    /** @type {{ entries: Entry[], batch: Batch }[]} */
    const open = [];
    try {
      for (;;) {
        while (open.length < openBatches) {
          const entries = waiting.shift() ?? (await coming.next()).value;
          if (!entries) break;
          try {
            const archive = tarOf(entries.map(({ blob }, place) => [String(place), blob]));
            open.push({ entries, batch: await this.submitBatch(archive, "application/x-tar", work) });
          } catch (error) {
            if (!(error instanceof ApiError && error.status === 429) || open.length === 0) throw error;
            waiting.unshift(entries); // there is room again once an open batch has ended
            break;
          }
        }
        const [first] = open;
        if (!first) return;
        const batch = await this.waitBatch(first.batch, work);
        const results = new Map((await this.batchResults(batch, work)).map((row) => [row.custom_id, row.result]));
        const errors = new Map((await this.batchErrors(batch, work)).map((row) => [row.custom_id, row]));
        if (!keep) await this.eraseBatch(batch, work);
        open.shift();
        for (const [place, entry] of first.entries.entries()) {
          const error = errors.get(String(place));
          // It failed along with its neighbours: it has a second try, alone.
          if (error?.shared && first.entries.length > 1) waiting.push([entry]);
          else yield itemOf(entry, results.get(String(place)), error);
        }
      }
    } finally {
      await coming.return(undefined);
      if (!keep) await Promise.allSettled(open.map(({ batch }) => this.eraseBatch(batch)));
    }
  }

  /**
   * Create a batch of a zip, tar or tar.gz of photos, or of lines of JSON, which say themselves what is to be done.
   * @param {Blob | ArrayBuffer | Uint8Array | string} content
   * @param {"application/zip" | "application/x-tar" | "application/gzip" | "application/x-ndjson"} mediaType
   * @param {Work & Abortable} [work]
   * @returns {Promise<Batch>}
   */
  submitBatch(content, mediaType, { signal, ...query } = {}) {
    const headers = { "Content-Type": mediaType };
    return this.#json("POST", "batches", { query, body: /** @type {BodyInit} */ (content), headers, signal, repeatable: true });
  }

  /**
   * The batch as it is now; or when it ends, or after `wait`.
   * @param {string | Batch} batch
   * @param {Abortable & { wait?: number }} [options]
   * @returns {Promise<Batch>}
   */
  getBatch(batch, { wait, signal } = {}) {
    return this.#json("GET", pathOf("batches", batch), { wait, signal });
  }

  /**
   * Wait until a batch has ended, however it ends.
   * @param {string | Batch} batch
   * @param {Abortable & { timeoutS?: number }} [options]
   * @returns {Promise<Batch>}
   */
  waitBatch(batch, { timeoutS = 3600, signal } = {}) {
    return untilOver((wait) => this.getBatch(batch, { wait, signal }), timeoutS);
  }

  /**
   * The results of a batch so far.
   * @param {string | Batch} batch
   * @param {Abortable} [options]
   * @returns {Promise<Schemas["ResultRow"][]>}
   */
  batchResults(batch, options) {
    return this.#rows(pathOf("batches", batch, "output"), options);
  }

  /**
   * The photos of a batch that failed so far.
   * @param {string | Batch} batch
   * @param {Abortable} [options]
   * @returns {Promise<Schemas["ErrorRow"][]>}
   */
  batchErrors(batch, options) {
    return this.#rows(pathOf("batches", batch, "errors"), options);
  }

  /**
   * End a batch. The results that are there stay.
   * @param {string | Batch} batch
   * @param {Abortable} [options]
   * @returns {Promise<Batch>}
   */
  cancelBatch(batch, options) {
    return this.#json("POST", pathOf("batches", batch, "cancel"), { ...options, repeatable: true });
  }

  /**
   * End a batch and erase all that belongs to it. It may be erased already.
   * @param {string | Batch} batch
   * @param {Abortable} [options]
   */
  async eraseBatch(batch, { signal } = {}) {
    await this.request("DELETE", pathOf("batches", batch), { signal, accept: [410] });
  }

  /**
   * The services and presets of the deployment, with their limits.
   * @param {Abortable} [options]
   * @returns {Promise<Schemas["OffersView"]>}
   */
  services(options) {
    return this.#json("GET", "services", options);
  }

  /**
   * The version of the deployment, its live workers and their models.
   * @param {Abortable} [options]
   * @returns {Promise<Schemas["VersionView"]>}
   */
  version(options) {
    return this.#json("GET", "version", options);
  }

  /**
   * The address of a route.
   * @param {string} path such as `jobs`
   * @param {Record<string, unknown>} [query] without values that are undefined, null or empty
   */
  address(path, query = {}) {
    const url = new URL(path, this.url);
    for (const [name, value] of Object.entries(query)) if (isGiven(value)) url.searchParams.set(name, textOf(value));
    return url;
  }

  /**
   * Send a request to any route, and again where that helps.
   * @param {string} method
   * @param {string} path such as `jobs`
   * @param {RequestOptions} [options]
   * @returns {Promise<Response>}
   */
  request(method, path, options) {
    return this.#send(method, path, options, (response) => response);
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {RequestOptions} [options]
   * @returns {Promise<any>}
   */
  #json(method, path, options) {
    return this.#send(method, path, options, (response) => response.json());
  }

  /**
   * @param {string} path
   * @param {Abortable} [options]
   * @returns {Promise<any[]>}
   */
  #rows(path, { signal } = {}) {
    const linesOf = async (/** @type {Response} */ response) => (await response.text()).split("\n").filter(Boolean);
    const options = { headers: { Accept: "application/x-ndjson" }, signal };
    return this.#send("GET", path, options, async (response) => (await linesOf(response)).map((line) => JSON.parse(line)));
  }

  /**
   * @param {"jobs" | "batches"} path also the name of the list
   * @param {Record<string, unknown>} query
   * @param {AbortSignal} [signal]
   * @returns {AsyncGenerator<any, void, undefined>}
   */
  async *#pages(path, query, signal) {
    let cursor;
    do {
      const page = await this.#json("GET", path, { query: { ...query, cursor }, signal });
      yield* page[path];
      cursor = page.next;
    } while (cursor);
  }

  /**
   * @template Answer
   * @param {string} method
   * @param {string} path
   * @param {RequestOptions | undefined} options
   * @param {(response: Response) => Answer | Promise<Answer>} read is done within the time-out
   */
  async #send(method, path, options = {}, read) {
    const { query, json, body = json === undefined ? undefined : JSON.stringify(json), signal } = options;
    const { accept = [], repeatable = method !== "POST", wait = 0 } = options;
    const waitS = Math.min(Math.max(wait, 0), LONGEST_WAIT_S);
    const address = this.address(path, { ...query, wait: waitS || undefined });
    const headers = new Headers(options.headers);
    const key = typeof this.#key === "function" ? this.#key() : this.#key;
    if (key) headers.set("Authorization", `Bearer ${key}`);
    if (json !== undefined) headers.set("Content-Type", "application/json");
    if (method === "POST" && repeatable) headers.set("Idempotency-Key", newKey());
    for (let attempt = 1; ; attempt += 1) {
      const late = new AbortController();
      const timer = setTimeout(() => late.abort(new Error("the time is over")), 1000 * (this.#timing.timeoutS + waitS));
      let failure;
      try {
        const ended = signal ? AbortSignal.any([signal, late.signal]) : late.signal;
        const response = await this.#fetch(address, { method, headers, body, signal: ended });
        if (response.ok || accept.includes(response.status)) return await read(response);
        failure = new ApiError(response, await response.json().catch(() => ({})));
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof SyntaxError) throw new FacelineError("unknown_answer", `${address} did not answer with JSON`, { cause: error });
        const reason = /** @type {any} */ (error);
        failure = new NoAnswer("no_answer", `${address.origin} did not answer: ${(reason.cause ?? reason).message}`, { cause: error });
      } finally {
        clearTimeout(timer);
      }
      const pauseS = this.#pauseS(failure, attempt, repeatable);
      if (pauseS === null) throw failure;
      await pause(pauseS, signal);
    }
  }

  /**
   * How long to wait before the next attempt; null if there is none.
   * @param {ApiError | NoAnswer} failure
   * @param {number} attempt
   * @param {boolean} repeatable
   */
  #pauseS(failure, attempt, repeatable) {
    const { attempts, firstPauseS, longestPauseS } = this.#timing;
    const refused = failure instanceof ApiError;
    const helps = refused ? AGAIN.includes(failure.status) || failure.type === "still_coming_in" : repeatable;
    const askedS = (refused && failure.retryAfterS) || 0;
    if (!helps || attempt >= attempts || askedS > longestPauseS) return null;
    // At random, so that clients that failed together do not come back together.
    const wholeS = Math.min(firstPauseS * 2 ** (attempt - 1), longestPauseS);
    return Math.max(askedS, wholeS * (0.5 + Math.random() / 2));
  }
}

/**
 * The template of a face, for `verify`.
 * @param {{ template?: Record<string, { blob: string }> | null, $template?: string | null }} face of a sample in v2 or v1
 */
export function templateOf(face) {
  const template = face.$template ?? Object.values(face.template ?? {})[0]?.blob;
  if (!template) throw new TypeError("the face has no template: run template-extractor");
  return { template };
}

/**
 * Photos as a tar archive, the body of a batch. The photos are not copied.
 * @param {Iterable<[string, Blob]>} files names, of at most 100 bytes, and photos
 */
export function tarOf(files) {
  /** @type {BlobPart[]} */
  const parts = [];
  for (const [name, blob] of files) {
    const header = new Uint8Array(BLOCK);
    const write = (/** @type {number} */ at, /** @type {string} */ text) => header.set(new TextEncoder().encode(text), at);
    write(0, name);
    write(100, "0000644"); // the mode
    write(124, blob.size.toString(8).padStart(11, "0"));
    write(148, "        0"); // room for the sum; a file
    write(257, "ustar\x0000");
    write(148, `${header.reduce((total, byte) => total + byte, 0).toString(8).padStart(6, "0")}\0`);
    parts.push(header, blob, new Uint8Array((BLOCK - (blob.size % BLOCK)) % BLOCK));
  }
  return new Blob([...parts, new Uint8Array(2 * BLOCK)], { type: "application/x-tar" });
}

/**
 * @param {Iterable<Photo> | AsyncIterable<Photo>} photos
 * @param {number} count
 * @returns {AsyncGenerator<Entry[], undefined, undefined>}
 */
async function* chunksOf(photos, count) {
  /** @type {Entry[]} */
  let chunk = [];
  let index = 0;
  let bytes = 0;
  for await (const photo of photos) {
    if (!isPhoto(photo)) throw new TypeError("a batch takes photos alone");
    const blob = blobOf(photo);
    if (chunk.length === count || (chunk.length > 0 && bytes + blob.size > CHUNK_BYTES)) {
      yield chunk;
      [chunk, bytes] = [[], 0];
    }
    chunk.push({ index, name: "name" in photo ? String(photo.name) : String(index), blob });
    index += 1;
    bytes += blob.size;
  }
  if (chunk.length > 0) yield chunk;
}

/**
 * @param {Entry} entry
 * @param {any} sample
 * @param {Schemas["ErrorRow"]} [error]
 * @returns {BatchItem}
 */
function itemOf({ index, name }, sample = null, error) {
  const lost = { custom_id: null, line: 0, service: null, type: "lost", detail: "no result", shared: false };
  return { index, name, sample, error: error ?? (sample ? null : lost) };
}

/** @param {Job} job @returns {any} */
function resultOf(job) {
  if (!ENDS.includes(job.status)) throw new NotOver(job);
  if (job.status !== "succeeded") throw new JobFailed(job);
  return job.result;
}

/**
 * @template {{ id: string, status: string }} Thing
 * @param {(wait: number) => Promise<Thing>} get
 * @param {number} timeoutS
 */
async function untilOver(get, timeoutS) {
  const end = Date.now() + 1000 * timeoutS;
  for (;;) {
    const now = await get((end - Date.now()) / 1000);
    if (ENDS.includes(now.status)) return now;
    if (Date.now() >= end) throw new NotOver(now);
  }
}

/** @param {string} list @param {string | { id: string }} thing @param {string[]} rest */
const pathOf = (list, thing, ...rest) => [list, encodeURIComponent(typeof thing === "string" ? thing : thing.id), ...rest].join("/");

/** @param {unknown} value @returns {value is Photo} whether it is a photo; if not, it may be a sample or a template */
function isPhoto(value) {
  if (value instanceof Blob || value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return true;
  if (typeof value === "object" && value !== null) return false;
  throw new TypeError("a photo is a Blob, a File, an ArrayBuffer or a Uint8Array; URLs and paths are not read");
}

/** @param {Photo} photo */
const blobOf = (photo) => (photo instanceof Blob ? photo : new Blob([/** @type {BlobPart} */ (photo)]));

/** @param {Photo} photo */
async function base64Of(photo) {
  const bytes = new Uint8Array(await blobOf(photo).arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 2 ** 15) text += String.fromCharCode(...bytes.subarray(at, at + 2 ** 15));
  return btoa(text);
}

/** @param {Side} side */
const sideOf = async (side) => (isPhoto(side) ? { image: await base64Of(side) } : side);

/** @param {Record<string, unknown>} fields */
function formOf(fields) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (value instanceof Blob) form.append(name, value, "photo");
    else if (isGiven(value)) form.append(name, textOf(value));
  }
  return form;
}

/** @param {unknown} value */
const isGiven = (value) => value !== undefined && value !== null && value !== "";

/** @param {unknown} value a value of a form or a query */
const textOf = (value) => (Array.isArray(value) ? value.join(",") : typeof value === "object" ? JSON.stringify(value) : String(value));

// Not `randomUUID`, which browsers have on https:// and on this machine alone.
const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** @param {number} seconds @param {AbortSignal} [signal] */
function pause(seconds, signal) {
  return new Promise((/** @type {(value?: undefined) => void} */ resolve, reject) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      if (signal?.aborted) reject(signal.reason);
      else resolve();
    };
    const timer = setTimeout(done, 1000 * seconds);
    signal?.addEventListener("abort", done);
  });
}
