// Small rates as people read them.

import { count, percent } from "./format.js";
import { texts } from "../texts.js";

/**
 * "1 in 10,000" for a rate.
 * @param {number} rate in [0, 1]
 */
export function oneIn(rate) {
  if (rate <= 0) return texts.common.none;
  if (rate >= 0.5) return percent(rate);
  const times = 1 / rate;
  return texts.verify.oneIn(count(times < 20 ? Math.round(times) : Number(times.toPrecision(2))));
}
