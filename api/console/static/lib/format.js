// Numbers, sizes and times as people read them.

const NUMBER = new Intl.NumberFormat("en");

/** @param {number} value */
export const count = (value) => NUMBER.format(value);

/**
 * A share in percent.
 * @param {number} share in [0, 1]
 */
export function percent(share) {
  const value = share * 100;
  if (value > 0 && value < 1) return "<1 %";
  if (value < 100 && value > 99) return ">99 %";
  return `${Math.round(value)} %`;
}

/** @param {number} bytes */
export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(0)} kB`;
  if (bytes < 1e9) return `${(bytes / 1e6).toFixed(1)} MB`;
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

/** @param {number | null | undefined} ms */
export function milliseconds(ms) {
  if (ms === null || ms === undefined) return "–";
  return ms < 1000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** @param {number} seconds */
export function duration(seconds) {
  const rounded = Math.round(seconds);
  if (rounded < 60) return inUnit(rounded, "second");
  if (rounded < 3600) return inUnit(Math.round(rounded / 60), "minute");
  if (rounded < 48 * 3600) return inUnit(Math.round(rounded / 3600), "hour");
  return inUnit(Math.round(rounded / 86400), "day");
}

/**
 * @param {number} value
 * @param {string} unit
 */
function inUnit(value, unit) {
  return new Intl.NumberFormat("en", { style: "unit", unit, unitDisplay: "long" }).format(value);
}

/** @param {string | null | undefined} moment in ISO 8601 */
export function clock(moment) {
  if (!moment) return "–";
  const date = new Date(moment);
  const today = date.toDateString() === new Date().toDateString();
  /** @type {Intl.DateTimeFormatOptions} */
  const time = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
  return date.toLocaleString("en-GB", today ? time : { day: "numeric", month: "short", ...time });
}

/**
 * "1 face", "2 faces".
 * @param {number} number
 * @param {string} noun
 * @param {string} [several]
 */
export function plural(number, noun, several = `${noun}s`) {
  return `${count(number)} ${number === 1 ? noun : several}`;
}

/**
 * "face-analysis" as "Face analysis".
 * @param {string} name
 */
export function readable(name) {
  const spaced = name.replace(/[-_]/g, " ");
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

/**
 * The name of a service for people: "face-detector-face-fitter" as "Face detector + face fitter".
 * @param {string} name
 */
export function serviceTitle(name) {
  return readable(name.replace(/^face-detector-/, "face-detector-+-"));
}
