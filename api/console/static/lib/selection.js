// Which face is chosen, over which one the pointer is, and which layers are drawn.

import { signal } from "./preact.js";

/** The index of the chosen face; -1 for none. */
export const chosenFace = signal(-1);

/** The index of the face under the pointer; -1 for none. */
export const hoveredFace = signal(-1);

export const LAYERS = /** @type {const} */ (["boxes", "points", "axes", "labels"]);

/** The layers that are drawn. */
export const layers = signal(/** @type {Record<typeof LAYERS[number], boolean>} */ ({ boxes: true, points: true, axes: false, labels: true }));
