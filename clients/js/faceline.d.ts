/**
 * The template of a face, for `verify`.
 * @param {{ template?: Record<string, { blob: string }> | null, $template?: string | null }} face of a sample in v2 or v1
 */
export function templateOf(face: {
    template?: Record<string, {
        blob: string;
    }> | null;
    $template?: string | null;
}): {
    template: string;
};
/**
 * Photos as a tar archive, the body of a batch. The photos are not copied.
 * @param {Iterable<[string, Blob]>} files names, of at most 100 bytes, and photos
 */
export function tarOf(files: Iterable<[string, Blob]>): Blob;
/** Any error of this client. `type` is its stable name, for programs. */
export class FacelineError extends Error {
    /** @param {string} type @param {string} message @param {ErrorOptions} [options] */
    constructor(type: string, message: string, options?: ErrorOptions);
    type: string;
}
/** The API cannot be reached, the connection broke, or the time is over. `cause` says more. */
export class NoAnswer extends FacelineError {
}
/** A job or batch still runs after the time to wait. `id` is its id. */
export class NotOver extends FacelineError {
    /** @param {{ id: string, status: string }} running */
    constructor({ id, status }: {
        id: string;
        status: string;
    });
    id: string;
}
/** A job ended without a result: it failed, was canceled, or has expired. */
export class JobFailed extends FacelineError {
    /** @param {Job} job */
    constructor(job: Job);
    /** @type {Job} */
    job: Job;
    service: string | null;
}
/** The API refused a request, or could not answer it. */
export class ApiError extends FacelineError {
    /** @param {Response} response @param {{ type?: string, detail?: string | Schemas["ErrorDetail"][] }} body */
    constructor(response: Response, { type, detail }: {
        type?: string;
        detail?: string | Schemas["ErrorDetail"][];
    });
    status: number;
    /** @type {Schemas["ErrorDetail"][]} what is wrong with which part of the request; empty where the API names no part */
    details: Schemas["ErrorDetail"][];
    /** Finds the request in the logs of the deployment. */
    requestId: string | null;
    /** When the request may be sent again, in seconds; null if the API does not say. */
    retryAfterS: number | null;
}
/** A client of the API. All times are in seconds. */
export class Client {
    /**
     * @param {ClientOptions} [options] `url` and `key`: in Node.js by default those of FACELINE_URL and FACELINE_KEY. A key may
     *   be a function, which is called for each request. `timeoutS`: for one attempt with its answer, beyond the time that the
     *   API was asked to wait. `attempts`: how often a request is sent at most. A pause doubles from `firstPauseS` to
     *   `longestPauseS`; an answer that asks for a longer one is an error at once
     */
    constructor(options?: ClientOptions);
    /** @type {string} */
    url: string;
    /**
     * Run services on a photo or a sample, wait for the end, and give the enriched sample.
     * @param {Photo | AnySample} photo
     * @param {JobOptions & Abortable & { wait?: number }} options `services` or `preset` is needed
     * @returns {Promise<Sample>}
     */
    analyse(photo: Photo | AnySample, { wait, ...options }: JobOptions & Abortable & {
        wait?: number;
    }): Promise<Sample>;
    /**
     * Whether two photos or templates show one person. Nothing is kept.
     * @param {Side} a
     * @param {Side} b
     * @param {VerifyOptions & Abortable} [options]
     * @returns {Promise<Verification>}
     */
    verify(a: Side, b: Side, { signal, ...options }?: VerifyOptions & Abortable): Promise<Verification>;
    /**
     * Run one service on a photo, or on a sample in the dialect of the version. The answer has the photo as well.
     * @template {1 | 2} [Version=2]
     * @param {string} service
     * @param {Photo | AnySample} sample
     * @param {Abortable & { version?: Version }} [options]
     * @returns {Promise<Version extends 1 ? SampleV1 : Sample>}
     */
    process<Version extends 1 | 2 = 2>(service: string, sample: Photo | AnySample, { version, signal }?: Abortable & {
        version?: Version;
    }): Promise<Version extends 1 ? SampleV1 : Sample>;
    /**
     * Create a job for a photo or a sample.
     * @param {Photo | AnySample} photo
     * @param {JobOptions & Abortable & { wait?: number, dialect?: "v1" | "v2" }} options `dialect`: of the result of a photo
     * @returns {Promise<Job>}
     */
    submit(photo: Photo | AnySample, { wait, signal, ...options }: JobOptions & Abortable & {
        wait?: number;
        dialect?: "v1" | "v2";
    }): Promise<Job>;
    /**
     * The job as it is now; or when it ends, or after `wait`.
     * @param {string | Job} job
     * @param {Abortable & { wait?: number }} [options]
     * @returns {Promise<Job>}
     */
    job(job: string | Job, options?: Abortable & {
        wait?: number;
    }): Promise<Job>;
    /**
     * Wait until a job has ended, whether it succeeded or not.
     * @param {string | Job} job
     * @param {Abortable & { timeoutS?: number }} [options]
     * @returns {Promise<Job>}
     */
    wait(job: string | Job, { timeoutS, signal }?: Abortable & {
        timeoutS?: number;
    }): Promise<Job>;
    /**
     * Wait until a job has ended, and give its result.
     * @template {Sample | SampleV1 | Verification} [Result=Sample]
     * @param {string | Job} job
     * @param {Abortable & { timeoutS?: number }} [options]
     * @returns {Promise<Result>}
     */
    result<Result extends Sample | SampleV1 | Verification = {
        _image?: import("./schema.d.ts").components["schemas"]["V2Image"] | null;
        errors?: import("./schema.d.ts").components["schemas"]["Failure"][] | null;
        objects: import("./schema.d.ts").components["schemas"]["V2Object"][];
        verification?: import("./schema.d.ts").components["schemas"]["Verification"] | null;
    } & {
        [key: string]: unknown;
    }>(job: string | Job, options?: Abortable & {
        timeoutS?: number;
    }): Promise<Result>;
    /**
     * End a job at its next service. A job that has ended does not change.
     * @param {string | Job} job
     * @param {Abortable} [options]
     * @returns {Promise<Job>}
     */
    cancel(job: string | Job, options?: Abortable): Promise<Job>;
    /**
     * End a job and erase all its data. It may be erased already.
     * @param {string | Job} job
     * @param {Abortable} [options]
     */
    erase(job: string | Job, options?: Abortable): Promise<void>;
    /**
     * The photo of a job with `include_image`, with what was found drawn on it.
     * @param {string | Job} job
     * @param {Abortable & { layers?: ("boxes" | "points" | "axes" | "labels")[], form?: "jpeg" | "webp" | "png",
     *   photo?: "a" | "b" }} [options] `photo`: which one of a verification
     * @returns {Promise<Blob>}
     */
    picture(job: string | Job, { layers, form, photo, signal }?: Abortable & {
        layers?: ("boxes" | "points" | "axes" | "labels")[];
        form?: "jpeg" | "webp" | "png";
        photo?: "a" | "b";
    }): Promise<Blob>;
    /**
     * The jobs, the latest first, without their results. Pages are fetched as they are needed.
     * @param {Abortable & { status?: Schemas["JobStatus"], pageSize?: number }} [options]
     * @returns {AsyncGenerator<Job, void, undefined>}
     */
    jobs({ status, pageSize, signal }?: Abortable & {
        status?: Schemas["JobStatus"];
        pageSize?: number;
    }): AsyncGenerator<Job, void, undefined>;
    /**
     * The batches, the latest first. Pages are fetched as they are needed.
     * @param {Abortable & { pageSize?: number }} [options]
     * @returns {AsyncGenerator<Batch, void, undefined>}
     */
    batches({ pageSize, signal }?: Abortable & {
        pageSize?: number;
    }): AsyncGenerator<Batch, void, undefined>;
    /**
     * Run services on many photos, and give the results in the order of the photos, while later photos are sent. A photo that
     * fails is an item with an error. Each batch is erased once its results are here, unless `keep` is true.
     * @param {Iterable<Photo> | AsyncIterable<Photo>} photos
     * @param {Work & Abortable & { chunk?: number, openBatches?: number, keep?: boolean }} options `chunk`: how many photos
     *   travel together. `openBatches`: how many batches the deployment has at a time
     * @returns {AsyncGenerator<BatchItem, void, undefined>}
     */
    batch(photos: Iterable<Photo> | AsyncIterable<Photo>, { chunk, openBatches, keep, ...work }: Work & Abortable & {
        chunk?: number;
        openBatches?: number;
        keep?: boolean;
    }): AsyncGenerator<BatchItem, void, undefined>;
    /**
     * Create a batch of a zip, tar or tar.gz of photos, or of lines of JSON, which say themselves what is to be done.
     * @param {Blob | ArrayBuffer | Uint8Array | string} content
     * @param {"application/zip" | "application/x-tar" | "application/gzip" | "application/x-ndjson"} mediaType
     * @param {Work & Abortable} [work]
     * @returns {Promise<Batch>}
     */
    submitBatch(content: Blob | ArrayBuffer | Uint8Array | string, mediaType: "application/zip" | "application/x-tar" | "application/gzip" | "application/x-ndjson", { signal, ...query }?: Work & Abortable): Promise<Batch>;
    /**
     * The batch as it is now; or when it ends, or after `wait`.
     * @param {string | Batch} batch
     * @param {Abortable & { wait?: number }} [options]
     * @returns {Promise<Batch>}
     */
    getBatch(batch: string | Batch, { wait, signal }?: Abortable & {
        wait?: number;
    }): Promise<Batch>;
    /**
     * Wait until a batch has ended, however it ends.
     * @param {string | Batch} batch
     * @param {Abortable & { timeoutS?: number }} [options]
     * @returns {Promise<Batch>}
     */
    waitBatch(batch: string | Batch, { timeoutS, signal }?: Abortable & {
        timeoutS?: number;
    }): Promise<Batch>;
    /**
     * The results of a batch so far.
     * @param {string | Batch} batch
     * @param {Abortable} [options]
     * @returns {Promise<Schemas["ResultRow"][]>}
     */
    batchResults(batch: string | Batch, options?: Abortable): Promise<Schemas["ResultRow"][]>;
    /**
     * The photos of a batch that failed so far.
     * @param {string | Batch} batch
     * @param {Abortable} [options]
     * @returns {Promise<Schemas["ErrorRow"][]>}
     */
    batchErrors(batch: string | Batch, options?: Abortable): Promise<Schemas["ErrorRow"][]>;
    /**
     * End a batch. The results that are there stay.
     * @param {string | Batch} batch
     * @param {Abortable} [options]
     * @returns {Promise<Batch>}
     */
    cancelBatch(batch: string | Batch, options?: Abortable): Promise<Batch>;
    /**
     * End a batch and erase all that belongs to it. It may be erased already.
     * @param {string | Batch} batch
     * @param {Abortable} [options]
     */
    eraseBatch(batch: string | Batch, { signal }?: Abortable): Promise<void>;
    /**
     * The services and presets of the deployment, with their limits.
     * @param {Abortable} [options]
     * @returns {Promise<Schemas["OffersView"]>}
     */
    services(options?: Abortable): Promise<Schemas["OffersView"]>;
    /**
     * The version of the deployment, its live workers and their models.
     * @param {Abortable} [options]
     * @returns {Promise<Schemas["VersionView"]>}
     */
    version(options?: Abortable): Promise<Schemas["VersionView"]>;
    /**
     * The address of a route.
     * @param {string} path such as `jobs`
     * @param {Record<string, unknown>} [query] without values that are undefined, null or empty
     */
    address(path: string, query?: Record<string, unknown>): URL;
    /**
     * Send a request to any route, and again where that helps.
     * @param {string} method
     * @param {string} path such as `jobs`
     * @param {RequestOptions} [options]
     * @returns {Promise<Response>}
     */
    request(method: string, path: string, options?: RequestOptions): Promise<Response>;
    #private;
}
/**
 * shapes of the API's document
 */
export type Schemas = import("./schema.d.ts").components["schemas"];
export type Sample = Schemas["V2Result"];
export type SampleV1 = Schemas["V1Result"];
export type Verification = Schemas["VerificationAnswer"];
export type Job = Schemas["JobView"];
export type Batch = Schemas["BatchView"];
/**
 * an encoded photo; a `File` is a `Blob`
 */
export type Photo = Blob | ArrayBuffer | Uint8Array;
export type AnySample = Schemas["V2Sample"] | Schemas["V1Sample"] | Sample | SampleV1;
/**
 * a photo, or a template as of `templateOf`
 */
export type Side = Photo | Schemas["FaceToCompare"];
export type Abortable = {
    signal?: AbortSignal;
};
/**
 * what is to be done, and how the job is kept
 */
export type JobOptions = Partial<Omit<Schemas["JobRequest"], "sample">>;
export type VerifyOptions = Partial<Omit<Schemas["VerifyRequest"], "a" | "b">>;
export type Work = Pick<JobOptions, "services" | "preset" | "on_error" | "max_faces" | "ttl_s">;
export type BatchItem = {
    index: number;
    name: string;
    sample: Sample | null;
    error: Schemas["ErrorRow"] | null;
};
/**
 * a photo on its way through a batch
 */
export type Entry = {
    index: number;
    name: string;
    blob: Blob;
};
/**
 * `accept`: statuses above 299 that are no error. `repeatable`: sent again also after a broken connection; a POST gets
 * an idempotency key for that. `wait`: how many seconds the API may wait before it answers
 */
export type RequestOptions = Abortable & {
    query?: Record<string, unknown>;
    json?: unknown;
    body?: BodyInit;
    headers?: Record<string, string>;
    accept?: number[];
    repeatable?: boolean;
    wait?: number;
};
export type ClientOptions = {
    url?: string;
    key?: string | (() => string | null | undefined);
    timeoutS?: number;
    attempts?: number;
    firstPauseS?: number;
    longestPauseS?: number;
    fetch?: typeof fetch;
};
