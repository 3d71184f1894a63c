// The view Analyse: photos come in, and all that is found of their faces is shown.

import { offers } from "../lib/deployment.js";
import { clock, milliseconds, size } from "../lib/format.js";
import { addPhotos, analyseAgain, erase, eraseAll, photos, show, shown } from "../lib/photos.js";
import { html, useEffect, useState } from "../lib/preact.js";
import { chosenFace } from "../lib/selection.js";
import { nounOf } from "../lib/summary.js";
import { isSame, servicesOf, work } from "../lib/work.js";
import { ErrorNotice, Notice, Segments } from "../parts/controls.js";
import { FaceCard } from "../parts/face-card.js";
import { Icon } from "../parts/icon.js";
import { CameraButton, ChooseButton, DropArea, Samples, usePaste } from "../parts/picker.js";
import { CodeTab, RawTab } from "../parts/raw.js";
import { Stages } from "../parts/stages.js";
import { Strip, Viewer } from "../parts/viewer.js";
import { WorkPicker } from "../parts/work-picker.js";
import { texts } from "../texts.js";

/** @typedef {import("../lib/photos.js").Photo} Photo */

const OPEN_AT_ONCE = 2;
const OVER = ["done", "failed"];

export function Analyse() {
  const add = (/** @type {File[]} */ files) => void addPhotos(files, work.value);
  usePaste(add);
  const photo = shown.value;
  return html`
    <div class="page-head"><div><h1>${texts.analyse.title}</h1><p>${texts.analyse.lead}</p></div>
      ${photo ? html`<div class="row">
        <${ChooseButton} onFiles=${add} text=${texts.pick.add} several=${true} />
        <${CameraButton} onFiles=${add} />
      </div>` : null}
    </div>
    <div class="card choices"><div class="choices-row">
      <${WorkPicker} />
      ${photo && OVER.includes(photo.state) && !isSame(photo.work, work.value) ? html`<button type="button" class="button primary"
        onClick=${() => analyseAgain(photo, work.value)}><${Icon} name="refresh" />${texts.analyse.run}</button>` : null}
    </div></div>
    ${photo ? html`<${DropArea} onFiles=${add}><${Workbench} photo=${photo} /><//>` : html`<${Start} onFiles=${add} />`}
  `;
}

/** @param {{ onFiles: (files: File[]) => void }} properties */
function Start({ onFiles }) {
  const limits = offers.value?.services[0]?.limits;
  return html`<${DropArea} onFiles=${onFiles} class="drop" label=${texts.analyse.drop}><div class="drop-start">
    <${Icon} name="face" />
    <div><h2>${texts.analyse.drop}</h2>
      <p>${texts.analyse.dropHint} ${limits ? texts.analyse.limits(size(limits.image_bytes), String(Math.round(limits.pixels / 1e6))) : ""}</p></div>
    <div class="row">
      <${ChooseButton} onFiles=${onFiles} text=${texts.pick.choose} several=${true} primary=${true} />
      <${CameraButton} onFiles=${onFiles} />
    </div>
    <p class="small">${texts.pick.samples}</p>
    <${Samples} onFiles=${onFiles} />
  </div><//>`;
}

/** @param {{ photo: Photo }} properties */
function Workbench({ photo }) {
  const faces = photo.job?.result?.objects ?? [];
  useEffect(() => {
    chosenFace.value = -1;
  }, [photo.id, photo.job?.id]);
  return html`
    <${Strip} photos=${photos.value} current=${photo} onChoose=${show} />
    <div class="workbench">
      <${Viewer} photo=${photo} faces=${faces}><${Kept} photo=${photo} /><//>
      <${Results} key=${photo.id} photo=${photo} />
    </div>`;
}

/** How long the photo and its results are kept. @param {{ photo: Photo }} properties */
function Kept({ photo }) {
  return html`<div class="viewer-foot small">
    <span class="soft">${keptText(photo)}</span>
    <span class="row">
      ${photos.value.length > 1 ? html`<button type="button" class="button slim plain" onClick=${eraseAll}>${texts.analyse.eraseAll}</button>` : null}
      <button type="button" class="button slim danger" onClick=${() => erase(photo)}><${Icon} name="trash" />${isUnknown(photo) ? texts.common.remove : texts.common.erase}</button>
    </span>
  </div>`;
}

/** @param {Photo} photo */
function keptText(photo) {
  if (photo.job?.expires_at) return texts.analyse.kept(clock(photo.job.expires_at));
  return isUnknown(photo) ? texts.analyse.keptNothing : texts.analyse.keptRunning;
}

/** Whether the server has no job for a photo, and gets none. @param {Photo} photo */
function isUnknown({ job, state }) {
  return state === "failed" && !job;
}

/** @param {{ photo: Photo }} properties */
function Results({ photo }) {
  const [tab, setTab] = useState("faces");
  const tabs = Object.entries(texts.analyse.tabs).map(([value, text]) => ({ value, text }));
  return html`<section class="stack" aria-label=${texts.analyse.results}>
    <div class="row apart">
      <h2 role="status">${headline(photo)}</h2>
      <${Segments} label=${texts.analyse.results} value=${tab} options=${tabs} onChange=${setTab} />
    </div>
    ${tab === "faces" ? html`<${Faces} photo=${photo} />` : null}
    ${tab === "json" ? html`<${RawTab} photo=${photo} />` : null}
    ${tab === "code" ? html`<${CodeTab} photo=${photo} />` : null}
  </section>`;
}

/** @param {Photo} photo */
function headline(photo) {
  if (photo.state === "failed") return texts.errors.title;
  const faces = photo.job?.result?.objects;
  if (photo.state !== "done" || !faces) return `${photo.state === "waiting" ? texts.analyse.waiting : texts.analyse.running} …`;
  return texts.analyse.found(faces.length, nounOf(faces));
}

/** @param {{ photo: Photo }} properties */
function Faces({ photo }) {
  const faces = photo.job?.result?.objects ?? [];
  const [open, setOpen] = useState(/** @type {Record<number, boolean>} */ ({}));
  const chosen = chosenFace.value;
  useEffect(() => {
    if (chosen >= 0) setOpen((before) => ({ ...before, [chosen]: true }));
  }, [chosen]);
  const isOpen = (/** @type {number} */ index) => open[index] ?? faces.length <= OPEN_AT_ONCE;
  const toggle = (/** @type {number} */ index) => {
    const opens = !isOpen(index);
    setOpen({ ...open, [index]: opens });
    chosenFace.value = opens ? index : -1;
  };
  const services = servicesOf(photo.work);
  return html`
    ${photo.state === "failed" ? html`<${ErrorNotice} error=${photo.error} />
      ${photo.refused ? null : html`<div><button type="button" class="button" onClick=${() => analyseAgain(photo, work.value)}><${Icon} name="refresh" />${texts.common.again}</button></div>`}` : null}
    ${photo.state === "done" && faces.length === 0 ? html`<div class="card empty"><h2>${texts.analyse.noFace}</h2><p>${texts.analyse.noFaceHint}</p></div>` : null}
    ${photo.job?.result?.errors?.map((failure) => html`<${Notice} kind="warn" key=${failure.service}>
      ${failure.service}: ${failure.type === "skipped" ? texts.face.skipped : failure.message}<//>`)}
    ${faces.map(
      (face, index) => html`<${FaceCard} key=${index} face=${face} index=${index} photo=${photo} open=${isOpen(index)} onToggle=${() => toggle(index)} />`,
    )}
    ${photo.state === "failed" && !photo.job ? null : html`<div class="card padded"><div class="row apart"><h3>${texts.stages.title}</h3>
      <span class="soft small number">${took(photo)}</span></div><${Stages} job=${photo.job} services=${services} /></div>`}`;
}

/** @param {Photo} photo */
function took(photo) {
  const { created_at: from, finished_at: to } = photo.job ?? {};
  return from && to ? texts.analyse.took(milliseconds(Date.parse(to) - Date.parse(from))) : "";
}
