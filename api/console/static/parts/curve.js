// The error rates by distance, with the threshold and the distance of a comparison.

import { count } from "../lib/format.js";
import { html, useEffect, useRef, useState } from "../lib/preact.js";
import { oneIn } from "../lib/rates.js";
import { texts } from "../texts.js";

/** @typedef {import("../lib/types").ErrorRates} ErrorRates */

const HEIGHT = 250;
const LEFT = 98;
const RIGHT = 14;
const TOP = 26;
const BOTTOM = 30;
const FARTHEST = 9000;
const LEAST = 1e-6;
const LINES = /** @type {const} */ (["fa_r", "look_alike_rate", "fr_r"]);

/** @param {{ curve: ErrorRates[], distance: number | null, limit: number }} properties */
export function Curve({ curve, distance, limit }) {
  const figure = useRef(/** @type {HTMLElement | null} */ (null));
  const [width, setWidth] = useState(640);
  useEffect(() => {
    const observer = new ResizeObserver(() => setWidth(figure.current?.clientWidth || 640));
    if (figure.current) observer.observe(figure.current);
    return () => observer.disconnect();
  }, []);
  const xOf = (/** @type {number} */ value) => LEFT + (value / FARTHEST) * (width - LEFT - RIGHT);
  const shown = curve.filter((point) => point.distance <= FARTHEST);
  return html`<figure class="curve" ref=${figure}>
    <svg viewBox="0 0 ${width} ${HEIGHT}" height=${HEIGHT} role="img" aria-label=${texts.verify.curveAlt(distance, limit)}>
      ${[1, 1e-2, 1e-4, 1e-6].map(
        (rate) => html`<line class="grid" x1=${LEFT} x2=${width - RIGHT} y1=${yOf(rate)} y2=${yOf(rate)} />
          <text class="tick" x=${LEFT - 8} y=${yOf(rate) + 4} text-anchor="end">${rate === 1 ? texts.verify.everyPair : oneIn(rate)}</text>`,
      )}
      ${[0, 2000, 4000, 6000, 8000].map((value) => html`<text class="tick" x=${xOf(value)} y=${HEIGHT - 10} text-anchor="middle">${count(value)}</text>`)}
      <rect class="accepted" x=${LEFT} y=${TOP} width=${xOf(limit) - LEFT} height=${HEIGHT - TOP - BOTTOM} />
      ${LINES.map((name) => html`<path class="line ${name}" d=${pathOf(shown, name, xOf)} />`)}
      <${Mark} name="limit" x=${xOf(limit)} value=${limit} text=${texts.verify.threshold} other=${distance} />
      ${distance === null ? null : html`<${Mark} name="distance" x=${xOf(Math.min(distance, FARTHEST))} value=${distance} text=${texts.verify.distance} other=${limit} />`}
    </svg>
    <figcaption>${LINES.map((name) => html`<span class="key ${name}" key=${name}>${texts.verify.legend[name]}</span>`)}</figcaption>
  </figure>`;
}

/** @param {{ name: string, x: number, value: number, text: string, other: number | null }} properties */
function Mark({ name, x, value, text, other }) {
  const before = other === null || value <= other;
  return html`<line class="mark ${name}" x1=${x} x2=${x} y1=${TOP - 4} y2=${HEIGHT - BOTTOM} />
    <text class="mark-text ${name}" x=${x + (before ? -6 : 6)} y=${TOP - 9} text-anchor=${before ? "end" : "start"}>${text} ${count(value)}</text>`;
}

/** @param {number} rate */
function yOf(rate) {
  const share = Math.log10(Math.max(rate, LEAST)) / Math.log10(LEAST);
  return TOP + share * (HEIGHT - TOP - BOTTOM);
}

/**
 * @param {ErrorRates[]} curve
 * @param {typeof LINES[number]} name
 * @param {(distance: number) => number} xOf
 */
function pathOf(curve, name, xOf) {
  return curve
    .filter((point) => point[name] >= LEAST)
    .map((point, index) => `${index ? "L" : "M"}${xOf(point.distance).toFixed(1)} ${yOf(point[name]).toFixed(1)}`)
    .join("");
}
