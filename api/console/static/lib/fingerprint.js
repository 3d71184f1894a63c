// A short fingerprint of a template, to tell two apart at a glance. Not for security.

/**
 * FNV-1a with 64 bits, in hex: browsers give pages on http:// no cryptographic hash.
 * @param {string} text
 */
export function fingerprint(text) {
  let hash = 0xcbf29ce484222325n;
  for (let index = 0; index < text.length; index += 1) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(index))) * 0x100000001b3n);
  }
  return (hash.toString(16).padStart(16, "0").match(/.{4}/g) ?? []).join(" ");
}
