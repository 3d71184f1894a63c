// The request and the response of a photo in both dialects, and code that sends the same request.

import { ApiError, hasKey, messageOf } from "../lib/api.js";
import { eraseJob, follow, submit } from "../lib/jobs.js";
import { html, useEffect, useState } from "../lib/preact.js";
import { analyseSnippet, LANGUAGES } from "../lib/snippets.js";
import { servicesOf } from "../lib/work.js";
import { texts } from "../texts.js";
import { Busy, CopyButton, ErrorNotice, Segments } from "./controls.js";
import { Json } from "./json.js";

/** @typedef {import("../lib/photos.js").Photo} Photo @typedef {import("../lib/types").Job} Job */
/** @typedef {"v1" | "v2"} Dialect */

const DIALECTS = ["v2", "v1"].map((name) => ({ value: name, text: name }));
const LANGUAGE_NAMES = { curl: "curl", python: "Python", javascript: "JavaScript" };

/** @param {{ photo: Photo }} properties */
export function RawTab({ photo }) {
  const [dialect, setDialect] = useState(/** @type {Dialect} */ ("v2"));
  const other = useOtherDialect(photo, dialect === "v1");
  const job = dialect === "v2" ? photo.job : other.job;
  const error = dialect === "v2" ? !photo.job && photo.error : other.error;
  const request = {
    "POST /jobs/image": { image: photo.name, ...photo.work, dialect, on_error: "continue", priority: "high" },
  };
  return html`<div class="stack">
    <div class="row"><${Segments} label=${texts.raw.dialect} value=${dialect} options=${DIALECTS} onChange=${setDialect} />
      ${dialect === "v1" ? html`<span class="soft small">${texts.raw.v1Runs}</span>` : null}</div>
    <${Json} label=${texts.raw.request} value=${request} />
    <${ErrorNotice} error=${error} />
    ${job ? html`<${Json} label=${texts.raw.response} value=${job} />` : error ? null : html`<${Busy} />`}
  </div>`;
}

/** @param {{ photo: Photo }} properties */
export function CodeTab({ photo }) {
  const [language, setLanguage] = useState(/** @type {typeof LANGUAGES[number]} */ ("curl"));
  const [dialect, setDialect] = useState(/** @type {Dialect} */ ("v2"));
  const text = analyseSnippet(language, photo.work, dialect, hasKey.value);
  const languages = LANGUAGES.map((name) => ({ value: name, text: LANGUAGE_NAMES[name] }));
  return html`<div class="stack tight">
    <div class="row apart">
      <div class="row">
        <${Segments} label=${texts.code.language} value=${language} options=${languages} onChange=${setLanguage} />
        <${Segments} label=${texts.raw.dialect} value=${dialect} options=${DIALECTS} onChange=${setDialect} />
      </div>
      <${CopyButton} text=${text} />
    </div>
    <pre tabindex="0" role="region" aria-label=${texts.analyse.tabs.code}>${text}</pre>
    <p class="soft small">${texts.code.note} ${hasKey.value ? texts.code.key : ""}</p>
  </div>`;
}

/**
 * The job of a photo in dialect v1; it runs when it is first wanted, and is erased once it is here.
 * @param {Photo} photo
 * @param {boolean} wanted
 */
function useOtherDialect(photo, wanted) {
  const [state, setState] = useState({ job: /** @type {Job | null} */ (null), error: /** @type {unknown} */ (null) });
  const key = `${photo.id} ${servicesOf(photo.work)}`;
  useEffect(() => {
    if (!wanted) return undefined;
    const ended = new AbortController();
    setState({ job: null, error: null });
    void (async () => {
      try {
        const submitted = await submit(photo.file, photo.work, { dialect: "v1", signal: ended.signal });
        const job = await follow(submitted.id, () => undefined, ended.signal);
        setState({ job, error: null });
        await eraseJob(job.id);
      } catch (error) {
        if (!ended.signal.aborted) setState({ job: null, error: error instanceof ApiError ? error : messageOf(error) });
      }
    })();
    return () => ended.abort();
  }, [key, wanted]);
  return state;
}
