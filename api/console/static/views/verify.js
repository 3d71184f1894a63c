// The view Verify: two photos, the faces that are compared, and what their distance means.

import { serviceOf } from "../lib/deployment.js";
import { useFocusAfter } from "../lib/focus.js";
import { count, readable } from "../lib/format.js";
import { boxOf } from "../lib/geometry.js";
import { html, useRef } from "../lib/preact.js";
import { oneIn } from "../lib/rates.js";
import { chooseFace, outcome, rules, setPhoto, setRules, sides } from "../lib/verification.js";
import { Busy, Notice, Segments } from "../parts/controls.js";
import { Curve } from "../parts/curve.js";
import { Icon } from "../parts/icon.js";
import { CameraButton, ChooseButton, DropArea, Samples, usePaste } from "../parts/picker.js";
import { texts } from "../texts.js";

/** @typedef {import("../lib/types").OperatingPoint} OperatingPoint @typedef {import("../lib/types").Verdict} Verdict */
/** @typedef {import("../lib/verification.js").Side} Side */

const MATCHER = "verify-matcher";
const SAMPLES = ["speech", "senator", "astronaut"];

export function Verify() {
  const fill = (/** @type {File[]} */ files) => {
    const empty = /** @type {("a" | "b")[]} */ (["a", "b"]).filter((side) => !sides.value[side]);
    files.slice(0, 2).forEach((file, index) => void setPhoto(empty[index] ?? "b", file));
  };
  usePaste(fill);
  const { verdict, error, busy } = outcome.value;
  return html`
    <div class="page-head"><div><h1>${texts.verify.title}</h1><p>${texts.verify.lead}</p></div></div>
    <div class="pair">
      <${PhotoSide} side="a" title=${texts.verify.first} />
      <${PhotoSide} side="b" title=${texts.verify.second} />
    </div>
    <div class="verify-grid">
      <${Options} />
      <section class="stack" aria-label=${texts.analyse.results} aria-live="polite" aria-busy=${busy}>
        ${error ? html`<${Failure} />` : null}
        ${verdict ? html`<${Answer} verdict=${verdict} />` : null}
        ${!verdict && !error ? html`<div class="card empty">${busy ? html`<${Busy} text=${texts.verify.comparing} />` : texts.verify.waiting}</div>` : null}
      </section>
    </div>`;
}

/** @param {{ side: "a" | "b", title: string }} properties */
function PhotoSide({ side, title }) {
  const photo = sides.value[side];
  const heading = useRef(/** @type {HTMLElement | null} */ (null));
  useFocusAfter(heading, photo !== null);
  const onFiles = (/** @type {File[]} */ files) => {
    if (files[0]) void setPhoto(side, files[0]);
  };
  return html`<${DropArea} onFiles=${onFiles} class="card side ${photo ? "filled" : ""}" label=${title}>
    <div class="viewer-bar"><h2 class="viewer-name" ref=${heading} tabindex="-1">${photo ? photo.name : title}</h2>
      ${photo ? html`<div class="row"><${ChooseButton} onFiles=${onFiles} text=${texts.verify.replace} slim=${true} />
        <button type="button" class="button slim plain" onClick=${() => setPhoto(side, null)}>${texts.common.remove}</button></div>` : null}
    </div>
    ${photo ? html`<${SidePhoto} side=${side} photo=${photo} />` : html`<div class="drop-start">
      <p>${texts.verify.dropHint}</p>
      <div class="row"><${ChooseButton} onFiles=${onFiles} text=${texts.pick.chooseOne} primary=${true} /><${CameraButton} onFiles=${onFiles} /></div>
      <${Samples} onFiles=${onFiles} names=${SAMPLES} />
    </div>`}
  <//>`;
}

/** @param {{ side: "a" | "b", photo: Side }} properties */
function SidePhoto({ side, photo }) {
  const unit = { width: photo.width || 1, height: photo.height || 1 };
  return html`<div class="side-photo"><div class="photo">
      <img src=${photo.url} alt=${photo.name} />
      <svg viewBox="0 0 ${unit.width} ${unit.height}" aria-hidden="true">
        ${photo.faces.map((face, index) => {
          const box = boxOf(face, unit);
          return html`<g class="face ${index === photo.chosen ? "chosen" : ""}" key=${index}>
            <rect class="face-under" ...${box} vector-effect="non-scaling-stroke" />
            <rect class="face-box" ...${box} vector-effect="non-scaling-stroke" />
            <rect class="face-hit" ...${box} onClick=${() => chooseFace(side, index)} /></g>`;
        })}
      </svg></div>
    </div>
    <div class="viewer-foot small">
      ${photo.busy ? html`<${Busy} text=${texts.analyse.running} />` : null}
      ${photo.error ? html`<${Notice} kind="bad">${photo.error}<//>` : null}
      ${photo.faces.length === 1 ? html`<span class="soft">${texts.analyse.found(1, "face")}</span>` : null}
      ${photo.faces.length > 1 ? html`<span class="soft">${texts.verify.chooseFace}</span><${Segments} label=${texts.verify.chooseFace}
        value=${String(photo.chosen)} options=${photo.faces.map((_, index) => ({ value: String(index), text: String(index + 1) }))}
        onChange=${(/** @type {string} */ index) => chooseFace(side, Number(index))} />` : null}
    </div>`;
}

function Options() {
  const points = serviceOf(MATCHER)?.operating_points ?? [];
  const { operating_point: point, faces, min_quality: quality, require_live: live } = rules.value;
  return html`<section class="card padded stack" aria-label=${texts.verify.options}>
    <fieldset class="plain-fieldset"><legend>${texts.verify.point}</legend>
      ${points.map(
        (each) => html`<label class="check" key=${each.name}>
          <input type="radio" name="point" checked=${each.name === point} onChange=${() => setRules({ operating_point: each.name })} />
          <span>${readable(each.name)} <span class="soft">${texts.verify.points[each.name] ?? ""} ${texts.verify.pointRates(oneIn(each.fa_r), oneIn(each.look_alike_rate))}</span></span>
        </label>`,
      )}
    </fieldset>
    <label class="field"><span>${texts.verify.several}</span>
      <select class="input" value=${faces} onChange=${(/** @type {any} */ event) => setRules({ faces: event.currentTarget.value })}>
        <option value="largest">${texts.verify.largest}</option><option value="single">${texts.verify.single}</option>
      </select></label>
    <label class="field"><span>${texts.verify.minQuality}: ${quality || texts.verify.minQualityNone}</span>
      <input type="range" min="0" max="90" step="10" value=${quality} onChange=${(/** @type {any} */ event) => setRules({ min_quality: Number(event.currentTarget.value) })} /></label>
    <label class="check"><input type="checkbox" checked=${live} onChange=${() => setRules({ require_live: !live })} />
      <span>${texts.verify.live}</span></label>
    <p class="soft small row"><${Icon} name="lock" /><span class="grow">${texts.verify.kept}</span></p>
  </section>`;
}

function Failure() {
  const { error, type } = outcome.value;
  return html`<${Notice} kind=${type in texts.verify.reasons ? "warn" : "bad"}>
    ${texts.verify.reasons[type] ? html`<strong>${texts.verify.reasons[type]}</strong> ` : null}${error}<//>`;
}

/** @param {{ verdict: Verdict }} properties */
function Answer({ verdict }) {
  const { operating_point: point, distance, match } = verdict;
  const means = match ? texts.verify.meansSame : texts.verify.meansDifferent;
  return html`<div class="card verdict ${match ? "good" : "bad"}">
    <div class="verdict-head"><span class="verdict-mark"><${Icon} name=${match ? "check" : "cross"} /></span>
      <div><h2>${match ? texts.verify.same : texts.verify.different}</h2>
        <p class="soft">${texts.verify.at(readable(point.name).toLowerCase())}</p></div></div>
    <dl class="figures">
      <div><dt>${texts.verify.distance}</dt><dd>${count(distance)}<small>${texts.verify.ofThreshold(count(point.max_distance))}</small></dd></div>
      <div><dt>${texts.verify.score}</dt><dd>${verdict.score.toFixed(3)}<small>${texts.verify.scoreHint}</small></dd></div>
      <div><dt>${texts.verify.farHere}</dt><dd>${oneIn(verdict.fa_r)}<small>${texts.verify.farHereHint}</small></dd></div>
    </dl>
    <ul class="means">
      <li>${means(count(point.max_distance), count(distance))}</li>
      <li>${texts.verify.meansRandom(oneIn(point.fa_r))}</li>
      <li>${texts.verify.meansLookAlike(oneIn(point.look_alike_rate))}</li>
      <li>${texts.verify.meansRejected(rejected(point))}</li>
    </ul>
    <div><h3>${texts.verify.curveTitle}</h3>
      <${Curve} curve=${serviceOf(MATCHER)?.error_curve ?? []} distance=${distance} limit=${point.max_distance} /></div>
    <p class="soft small">${texts.verify.caveat}</p>
  </div>`;
}

/**
 * The share of pairs of one person that a threshold rejects, between two points of the curve.
 * @param {OperatingPoint} point
 */
function rejected(point) {
  const curve = serviceOf(MATCHER)?.error_curve ?? [];
  const after = curve.findIndex((rates) => rates.distance >= point.max_distance);
  const [low, high] = [curve[after - 1], curve[after]];
  if (!low || !high) return high?.fr_r ?? 0;
  const share = (point.max_distance - low.distance) / (high.distance - low.distance);
  return low.fr_r + share * (high.fr_r - low.fr_r);
}
