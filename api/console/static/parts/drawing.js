// The drawing over a photo: boxes, points, axes and labels of all faces.

import { axesOf, boxOf, dotsOf } from "../lib/geometry.js";
import { html, useComputed } from "../lib/preact.js";
import { chosenFace, hoveredFace, layers } from "../lib/selection.js";
import { summaryOf } from "../lib/summary.js";

/** @typedef {import("../lib/types").Face} Face @typedef {import("../lib/geometry.js").Size} Size */

const LABEL_HEIGHT = 20;
const NARROW = 64;

/**
 * Everything in it is also in the cards of faces, which the keyboard and screen readers use instead.
 * @param {{ faces: Face[], shown: Size }} properties
 */
export function Drawing({ faces, shown }) {
  // The chosen face last, so that others do not cover it.
  const order = faces.map((_, index) => index).sort((a, b) => Number(a === chosenFace.value) - Number(b === chosenFace.value));
  return html`<svg viewBox="0 0 ${shown.width} ${shown.height}" aria-hidden="true">
    ${order.map((index) => html`<${DrawnFace} key=${index} index=${index} face=${faces[index]} shown=${shown} />`)}
  </svg>`;
}

/** @param {{ index: number, face: Face, shown: Size }} properties */
function DrawnFace({ index, face, shown }) {
  // Each face waits for its own state: a pointer that moves draws the two faces again that it leaves and enters.
  const chosen = useComputed(() => chosenFace.value === index).value;
  const hovered = useComputed(() => hoveredFace.value === index).value;
  const { boxes, points, axes, labels } = layers.value;
  const box = boxOf(face, shown);
  if (!box) return null;
  const size = Math.max(2.5, Math.min(6, box.width / 32));
  const dots = points ? dotsOf(face, shown) : "";
  const lines = axes ? axesOf(face, shown) : null;
  return html`<g class="face ${chosen ? "chosen" : ""} ${hovered ? "hovered" : ""}" data-face=${index}>
    ${boxes ? html`<rect class="face-under" ...${box} rx="3" /><rect class="face-box" ...${box} rx="3" />` : null}
    ${dots ? html`<path class="points-under" d=${dots} stroke-width=${size + 2} /><path class="points" d=${dots} stroke-width=${size} />` : null}
    ${lines?.ends.map((end) => html`<line class="axis ${end.name}" key=${end.name} x1=${lines.x} y1=${lines.y} x2=${end.x} y2=${end.y} />`)}
    ${labels ? html`<${Label} index=${index} face=${face} box=${box} shown=${shown} full=${chosen || hovered || box.width > NARROW} />` : null}
    <rect class="face-hit" ...${box} onClick=${() => (chosenFace.value = index)}
      onPointerEnter=${() => (hoveredFace.value = index)} onPointerLeave=${() => (hoveredFace.value = -1)} />
  </g>`;
}

/**
 * @param {{ index: number, face: Face, box: { x: number, y: number, width: number, height: number }, shown: Size,
 *   full: boolean }} properties
 */
function Label({ index, face, box, shown, full }) {
  const text = full ? [String(index + 1), ...summaryOf(face)].join("  ") : String(index + 1);
  const width = widthOf(text) + 14;
  const x = Math.max(0, Math.min(box.x, shown.width - width));
  const above = box.y - LABEL_HEIGHT - 3;
  const y = above >= 0 ? above : Math.min(box.y + box.height + 3, shown.height - LABEL_HEIGHT);
  return html`<rect class="label-back" x=${x} y=${y} width=${width} height=${LABEL_HEIGHT} rx="4" />
    <text class="label-text" x=${x + 7} y=${y + 14}>${text}</text>`;
}

/** @type {CanvasRenderingContext2D | null} */
let measuring = null;

/** @param {string} text */
function widthOf(text) {
  if (!measuring) {
    measuring = document.createElement("canvas").getContext("2d");
    if (!measuring) return text.length * 7;
    measuring.font = `600 12px ${getComputedStyle(document.body).fontFamily}`;
  }
  return measuring.measureText(text).width;
}
