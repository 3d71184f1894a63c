// The photo with its drawing: zoom, layers, selection.

import { useFocusAfter } from "../lib/focus.js";
import { plural } from "../lib/format.js";
import { html, useEffect, useMemo, useRef, useState } from "../lib/preact.js";
import { chosenFace, LAYERS, layers } from "../lib/selection.js";
import { nounOf } from "../lib/summary.js";
import { texts } from "../texts.js";
import { Notice } from "./controls.js";
import { Drawing } from "./drawing.js";
import { Icon } from "./icon.js";

/** @typedef {import("../lib/photos.js").Photo} Photo @typedef {import("../lib/types").Face} Face */

const STEPS = [1, 1.5, 2, 3, 4, 6];

/** @param {{ photo: Photo, faces: Face[], children?: any }} properties */
export function Viewer({ photo, faces, children }) {
  const [zoom, setZoom] = useState(1);
  const pan = useRef(/** @type {HTMLDivElement | null} */ (null));
  const name = useRef(/** @type {HTMLElement | null} */ (null));
  const shown = useShownSize(pan, photo, zoom);
  useFocusAfter(name, true);
  useEffect(() => setZoom(1), [photo.id]);
  const step = (/** @type {number} */ by) => {
    const index = STEPS.indexOf(zoom) + by;
    setZoom(STEPS[Math.max(0, Math.min(STEPS.length - 1, index))] ?? 1);
  };
  const found = photo.job?.result ? texts.analyse.found(faces.length, nounOf(faces)) : texts.analyse.running;
  return html`<section class="card viewer" aria-label=${photo.name}>
    <div class="viewer-bar">
      <span class="viewer-name" ref=${name} tabindex="-1" title=${photo.name}>${photo.name}</span>
      <${LayerButtons} />
      <div class="zoom" role="group" aria-label=${texts.zoom.label}>
        <${ZoomButton} name="minus" text=${texts.zoom.out} off=${zoom === 1} onClick=${() => step(-1)} />
        <${ZoomButton} name="plus" text=${texts.zoom.in} off=${zoom === STEPS.at(-1)} onClick=${() => step(1)} />
      </div>
    </div>
    <div class="pan" ref=${pan} tabindex=${zoom > 1 ? 0 : null} role=${zoom > 1 ? "region" : null}
      aria-label=${zoom > 1 ? texts.viewer.region : null}>
      ${photo.width > 0
        ? html`<div class="photo" style=${{ width: `${shown.width}px`, height: `${shown.height}px` }}
            onClick=${(/** @type {Event} */ event) => {
              if (event.target instanceof HTMLImageElement || event.target instanceof SVGSVGElement) chosenFace.value = -1;
            }}>
            <img src=${photo.url} alt=${texts.viewer.alt(photo.name, found)} draggable=${false} />
            <${Drawing} faces=${faces} shown=${shown} />
          </div>`
        : html`<div class="empty"><${Notice} kind="warn">${photo.state === "failed" ? texts.analyse.unreadable : texts.analyse.unreadableHere}<//></div>`}
    </div>
    ${children}
  </section>`;
}

/**
 * The size in which the photo is shown: it fits into the pan at zoom 1.
 * @param {{ current: HTMLDivElement | null }} pan
 * @param {Photo} photo
 * @param {number} zoom
 */
function useShownSize(pan, photo, zoom) {
  const [room, setRoom] = useState({ width: 600, height: 600 });
  useEffect(() => {
    const element = pan.current;
    if (!element) return undefined;
    const measure = () => {
      const height = Math.min(0.62 * innerHeight, 760);
      setRoom((before) => (before.width === element.clientWidth && before.height === height ? before : { width: element.clientWidth, height }));
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);
  const fit = Math.min(room.width / (photo.width || 1), room.height / (photo.height || 1), 3);
  const width = Math.floor(photo.width * fit * zoom);
  const height = Math.floor(photo.height * fit * zoom);
  // The same object for the same size, so that faces are not drawn again.
  return useMemo(() => ({ width, height }), [width, height]);
}

function LayerButtons() {
  return html`<div class="layers" role="group" aria-label=${texts.layers.label}>
    ${LAYERS.map(
      (name) => html`<button type="button" class="button slim" key=${name} aria-pressed=${layers.value[name]}
        onClick=${() => (layers.value = { ...layers.value, [name]: !layers.value[name] })}>${texts.layers[name]}</button>`,
    )}
  </div>`;
}

/** @param {{ name: string, text: string, off: boolean, onClick: () => void }} properties */
function ZoomButton({ name, text, off, onClick }) {
  return html`<button type="button" class="button plain square slim" title=${text} aria-label=${text} disabled=${off}
    onClick=${onClick}><${Icon} name=${name} /></button>`;
}

/**
 * The photos that were added, to choose one.
 * @param {{ photos: Photo[], current: Photo, onChoose: (photo: Photo) => void }} properties
 */
export function Strip({ photos, current, onChoose }) {
  if (photos.length < 2) return null;
  return html`<div class="strip" role="group" aria-label=${texts.analyse.strip}>
    ${photos.map(
      (photo) => html`<button type="button" key=${photo.id} aria-pressed=${photo.id === current.id}
        aria-label=${`${photo.name}, ${stateOf(photo)}`} onClick=${() => onChoose(photo)}>
        ${photo.width > 0 ? html`<img src=${photo.url} alt="" />` : html`<span class="no-picture"><${Icon} name="file" /></span>`}<${StripMark} photo=${photo} />
      </button>`,
    )}
  </div>`;
}

/** @param {{ photo: Photo }} properties */
function StripMark({ photo }) {
  if (photo.state === "failed") return html`<span class="mark bad">!</span>`;
  if (photo.state !== "done") return html`<span class="mark"><span class="spinner"></span></span>`;
  return html`<span class="mark">${photo.job?.result?.objects?.length ?? 0}</span>`;
}

/** @param {Photo} photo */
function stateOf(photo) {
  if (photo.state !== "done") return photo.error || texts.analyse.running;
  return plural(photo.job?.result?.objects?.length ?? 0, "face");
}
