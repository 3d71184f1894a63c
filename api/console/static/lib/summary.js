// What is most worth knowing of a face, in few words.

import { texts } from "../texts.js";

/** @typedef {import("./types").Face} Face */

/**
 * @param {Face} face
 * @returns {string[]}
 */
export function summaryOf(face) {
  const words = [];
  if (face.gender !== undefined || face.age !== undefined) {
    words.push([face.gender, face.age].filter((part) => part !== undefined).join(" ").toLowerCase());
  }
  const emotion = strongestEmotion(face);
  if (emotion) words.push(emotionName(emotion.emotion).toLowerCase());
  if (face.has_medical_mask?.value) words.push(texts.face.mask.toLowerCase());
  if (face.liveness) words.push(texts.face.liveShort[livenessOf(face.liveness)]);
  if (face.quality) words.push(`${texts.quality.title.toLowerCase()} ${Math.round(Number(face.quality.total_score) * 100)}`);
  return words;
}

// Exactly this confidence means that the face is too soft to classify.
const TOO_SOFT = 0.49;

/**
 * @param {{ confidence: number, value: string }} liveness
 * @returns {"real" | "soft" | "fake"}
 */
export function livenessOf({ confidence, value }) {
  if (value.toLowerCase() === "real") return "real";
  return confidence === TOO_SOFT ? "soft" : "fake";
}

/** @param {Face} face */
export function strongestEmotion(face) {
  return face.emotions?.reduce((most, entry) => (entry.confidence > most.confidence ? entry : most));
}

/** @param {string} name */
export function emotionName(name) {
  return /** @type {Record<string, string>} */ (texts.emotions)[name.toLowerCase()] ?? name;
}

/**
 * Faces or bodies, as a noun.
 * @param {Face[]} faces
 */
export function nounOf(faces) {
  return faces[0]?.class === "body" ? "body" : "face";
}
