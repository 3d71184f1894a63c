// All that is known of one face.

import { fingerprint } from "../lib/fingerprint.js";
import { percent, readable } from "../lib/format.js";
import { html, useComputed, useEffect, useRef } from "../lib/preact.js";
import { chosenFace, hoveredFace } from "../lib/selection.js";
import { emotionName, livenessOf, strongestEmotion, summaryOf } from "../lib/summary.js";
import { texts } from "../texts.js";
import { CopyButton } from "./controls.js";
import { Icon } from "./icon.js";
import { QualityList } from "./quality.js";

/** @typedef {import("../lib/types").Face} Face @typedef {import("../lib/photos.js").Photo} Photo */

const LIVENESS_KINDS = { real: "good", soft: "warn", fake: "bad" };

/** @param {{ face: Face, index: number, photo: Photo, open: boolean, onToggle: () => void }} properties */
export function FaceCard({ face, index, photo, open, onToggle }) {
  const card = useRef(/** @type {HTMLElement | null} */ (null));
  const chosen = useComputed(() => chosenFace.value === index).value;
  useEffect(() => {
    if (chosen) card.current?.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }, [chosen]);
  const noun = readable(face.class ?? "face");
  const summary = summaryOf(face);
  return html`<article ref=${card} class="card face-card ${chosen ? "chosen" : ""}" data-face=${index}
    onPointerEnter=${() => (hoveredFace.value = index)} onPointerLeave=${() => (hoveredFace.value = -1)}>
    <button type="button" class="face-head" aria-expanded=${open} onClick=${onToggle}
      onFocus=${() => (hoveredFace.value = index)} onBlur=${() => (hoveredFace.value = -1)}>
      <${Crop} face=${face} photo=${photo} />
      <span><strong>${texts.face.title(noun, index + 1)}${summary.length > 0 ? html` <span class="soft">${summary.join(", ")}</span>` : null}</strong>
        <span class="soft small">${face.confidence === undefined ? "" : texts.face.detection(percent(face.confidence))}</span></span>
      <${Icon} name="chevron" />
    </button>
    ${open ? html`<div class="face-body">
      <${Figures} face=${face} />
      ${face.emotions ? html`<${Emotions} face=${face} />` : null}
      ${face.liveness ? html`<${Liveness} liveness=${face.liveness} />` : null}
      ${face.quality ? html`<${QualityList} quality=${face.quality} />` : null}
      ${face.template ? html`<${Template} template=${face.template} />` : null}
    </div>` : null}
  </article>`;
}

/**
 * A face cut out of its photo.
 * @param {{ face: Face, photo: Photo, side?: number }} properties
 */
export function Crop({ face, photo, side = 60 }) {
  const [left = 0, top = 0, right = 1, bottom = 1] = face.bbox ?? [];
  const width = (right - left) * photo.width;
  const height = (bottom - top) * photo.height;
  const scale = side / (1.25 * Math.max(width, height, 1));
  const x = ((left + right) / 2) * photo.width * scale - side / 2;
  const y = ((top + bottom) / 2) * photo.height * scale - side / 2;
  return html`<span class="crop" style=${{
    backgroundImage: `url(${photo.url})`,
    backgroundSize: `${photo.width * scale}px ${photo.height * scale}px`,
    backgroundPosition: `${-x}px ${-y}px`,
    backgroundRepeat: "no-repeat",
  }}></span>`;
}

/** @param {{ face: Face }} properties */
function Figures({ face }) {
  const mask = face.has_medical_mask;
  const pose = face.pose;
  const figures = [
    face.age !== undefined && [texts.face.age, String(face.age), texts.face.ageHint],
    face.gender !== undefined && [texts.face.gender, readable(face.gender.toLowerCase()), ""],
    mask && [texts.face.mask, mask.value ? texts.face.masked : texts.face.unmasked, texts.face.sure(percent(mask.value ? mask.confidence : 1 - mask.confidence))],
    pose && [texts.face.yaw, degrees(pose.yaw), texts.face.yawHint(pose.yaw)],
    pose && [texts.face.pitch, degrees(pose.pitch), texts.face.pitchHint(pose.pitch)],
    pose && [texts.face.roll, degrees(pose.roll), texts.face.rollHint(pose.roll)],
  ];
  const shown = /** @type {[string, string, string][]} */ (figures.filter(Boolean));
  if (shown.length === 0) return null;
  return html`<dl class="figures">
    ${shown.map(([name, value, hint]) => html`<div key=${name}><dt>${name}</dt><dd>${value}${hint ? html`<small>${hint}</small>` : null}</dd></div>`)}
  </dl>`;
}

/** @param {number} value */
function degrees(value) {
  return `${value > 0 ? "+" : value < 0 ? "−" : ""}${Math.abs(value).toFixed(0)}°`;
}

/** @param {{ face: Face }} properties */
function Emotions({ face }) {
  const strongest = strongestEmotion(face);
  const sorted = [...(face.emotions ?? [])].sort((a, b) => b.confidence - a.confidence);
  return html`<div class="block"><h3>${texts.face.emotions}</h3>
    <ul class="measures">
      ${sorted.map(
        (entry) => html`<li key=${entry.emotion} class=${entry === strongest ? "most" : ""}>
          <span>${emotionName(entry.emotion)}</span>
          <span class="bar" aria-hidden="true"><span style=${{ width: `${entry.confidence * 100}%` }}></span></span>
          <span class="value">${percent(entry.confidence)}</span></li>`,
      )}
    </ul></div>`;
}

/** @param {{ liveness: { confidence: number, value: string } }} properties */
function Liveness({ liveness }) {
  const found = livenessOf(liveness);
  return html`<div class="block">
    <div class="block-head"><h3>${texts.face.liveness}</h3><span class="tag ${LIVENESS_KINDS[found]}">${texts.face.live[found]}</span></div>
    ${found === "soft" ? html`<p class="small">${texts.face.softLiveness}</p>` : html`<ul class="measures"><li class="most">
      <span>${texts.face.live.real}</span><span class="bar" aria-hidden="true"><span style=${{ width: `${liveness.confidence * 100}%` }}></span></span>
      <span class="value">${percent(liveness.confidence)}</span></li></ul>`}
    <p class="soft small">${texts.face.livenessCaveat}</p>
  </div>`;
}

/** @param {{ template: Record<string, { blob: string }> }} properties */
function Template({ template }) {
  const blob = Object.values(template)[0]?.blob ?? "";
  return html`<div class="block">
    <div class="block-head"><h3>${texts.face.template}</h3><${CopyButton} text=${blob} /></div>
    <p class="mono">${fingerprint(blob)}</p>
    <p class="soft small">${texts.face.templateHint}</p>
  </div>`;
}
