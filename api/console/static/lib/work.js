// What is to be done to photos: a preset, or services that are chosen one by one.

import { offers } from "./deployment.js";
import { preset } from "./preferences.js";
import { computed, signal } from "./preact.js";
import { texts } from "../texts.js";
import { readable } from "./format.js";

/** @typedef {import("./types").Service} Service @typedef {import("./jobs.js").Work} Work */

export const CUSTOM = "custom";

/** The services that find objects. */
export const detectors = computed(() => (offers.value?.services ?? []).filter(isDetector));

/** The services that work on what a detector has found. */
export const followers = computed(() => (offers.value?.services ?? []).filter((service) => !isDetector(service)));

/** The detector of custom work. */
export const detector = signal("face-detector-face-fitter");

/** The services that follow it in custom work. */
export const chosen = signal(/** @type {string[]} */ (["age-estimator", "quality-assessment-estimator"]));

/** The names of the presets that take one photo. Presets that compare two photos are for the view Verify. */
export const presets = computed(() => {
  const comparing = followers.value.filter(compares).map((service) => service.name);
  const all = Object.entries(offers.value?.presets ?? {});
  return all.filter(([, names]) => !names.some((name) => comparing.includes(name))).map(([name]) => name);
});

/** What the user has chosen. */
export const work = computed(() => {
  if (preset.value !== CUSTOM) return { preset: presets.value.includes(preset.value) ? preset.value : presets.value[0] };
  const first = detectors.value.find((service) => service.name === detector.value) ?? detectors.value[0];
  const possible = followers.value.filter((service) => first && chosen.value.includes(service.name) && !obstacle(service, first));
  return { services: [...(first ? [first.name] : []), ...possible.map((service) => service.name)] };
});

/**
 * The services of some work, in their order.
 * @param {Work} given
 */
export function servicesOf(given) {
  return given.services ?? offers.value?.presets[given.preset ?? ""] ?? [];
}

/**
 * The name of the preset that has just these services; empty if there is none.
 * @param {readonly string[]} services
 */
export function presetOf(services) {
  const sorted = String([...services].sort());
  return Object.entries(offers.value?.presets ?? {}).find(([, names]) => String([...names].sort()) === sorted)?.[0] ?? "";
}

/**
 * Whether two works are the same.
 * @param {Work} first
 * @param {Work} second
 */
export function isSame(first, second) {
  return first.preset === second.preset && String(first.services ?? "") === String(second.services ?? "");
}

/**
 * Whether a service compares templates, which come from two photos.
 * @param {Service} service
 */
function compares(service) {
  return service.needs.includes("template") && !service.needs.includes("image");
}

/**
 * Why a service cannot follow a detector; empty if it can.
 * @param {Service} service
 * @param {Service} first
 */
export function obstacle(service, first) {
  if (compares(service)) return texts.analyse.compares;
  if (service.object_class !== first.object_class) return texts.analyse.forFaces;
  const missing = service.needs.filter((field) => field !== "image" && !first.gives.includes(field));
  const already = service.gives.every((field) => first.gives.includes(field));
  if (already) return texts.analyse.already;
  return missing.length > 0 ? texts.analyse.needs(missing.map((field) => readable(field).toLowerCase()).join(", ")) : "";
}

/** @param {Service} service */
function isDetector(service) {
  return service.needs.length === 1 && service.needs[0] === "image";
}
