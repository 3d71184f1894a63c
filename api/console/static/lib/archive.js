// Photos as one tar archive, which a batch takes.

import { tarOf } from "./faceline.js";
import { pathOf } from "./folders.js";

/**
 * @param {File[]} files
 * @returns {Blob}
 */
export function archiveOf(files) {
  const used = new Set();
  return tarOf(files.map((file) => [unused(pathOf(file), used), file]));
}

/**
 * A name of at most 100 bytes that no other member has.
 * @param {string} name
 * @param {Set<string>} used
 */
function unused(name, used) {
  const dot = name.lastIndexOf(".");
  const suffix = dot > 0 ? name.slice(dot) : "";
  const stem = dot > 0 ? name.slice(0, dot) : name;
  const encoder = new TextEncoder();
  let short = stem;
  while (encoder.encode(short + suffix).length > 90) short = short.slice(0, -1);
  let free = short + suffix;
  for (let number = 2; used.has(free); number += 1) free = `${short}-${number}${suffix}`;
  used.add(free);
  return free;
}
