// The sample photos that ship with the page.

import { texts } from "../texts.js";

/** @typedef {{ name: keyof typeof texts.samples, file: string }} Sample */

/**
 * Large faces first. The face of the astronaut is small, so some checks of its quality fail.
 * @type {Sample[]}
 */
export const SAMPLES = [
  { name: "speech", file: "speech.jpg" },
  { name: "senator", file: "senator.jpg" },
  { name: "group", file: "group.jpg" },
  { name: "astronaut", file: "astronaut.jpg" },
];

/** @param {Sample} sample */
export const addressOfSample = (sample) => new URL(`../samples/${sample.file}`, import.meta.url).href;

/**
 * A sample as a file, as if it was chosen from a disk.
 * @param {Sample} sample
 */
export async function sampleFile(sample) {
  const response = await fetch(addressOfSample(sample));
  return new File([await response.blob()], sample.file, { type: "image/jpeg" });
}
