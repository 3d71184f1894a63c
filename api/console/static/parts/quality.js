// The checks of a photo's quality as a list: failed ones first, with the reason and the threshold.

import { offers } from "../lib/deployment.js";
import { html } from "../lib/preact.js";
import { texts } from "../texts.js";
import { Icon } from "./icon.js";

/** @typedef {import("../lib/types").QualityCheck} QualityCheck */
/** @typedef {Record<string, number | boolean>} Quality */

/** @param {{ quality: Quality }} properties */
export function QualityList({ quality }) {
  const { passed, failed } = checksOf(quality);
  const total = Math.round(Number(quality.total_score) * 100);
  return html`<div class="block">
    <div class="block-head"><h3>${texts.quality.title}</h3>
      <span class="tag ${failed.length === 0 ? "good" : ""}">${texts.quality.passed(passed.length, passed.length + failed.length)}</span>
    </div>
    <ul class="measures"><li class="most"><span>${texts.quality.total}</span>
      <span class="bar"><span style=${{ width: `${total}%` }}></span></span><span class="value">${total}</span></li></ul>
    ${failed.length > 0 ? html`<${CheckList} checks=${failed} quality=${quality} passes=${false} />` : null}
    ${passed.length > 0 ? html`<details open=${failed.length === 0}>
      <summary>${texts.quality.showPassed(passed.length)}</summary>
      <${CheckList} checks=${passed} quality=${quality} passes=${true} /></details>` : null}
  </div>`;
}

/**
 * The checks of a photo, passed and failed, as `GET /services` lists them.
 * @param {Quality} quality
 */
export function checksOf(quality) {
  const checks = (offers.value?.services ?? []).flatMap((service) => service.checks).filter((check) => check.flag in quality);
  return {
    passed: checks.filter((check) => quality[check.flag] === check.passes),
    failed: checks.filter((check) => quality[check.flag] !== check.passes),
  };
}

/**
 * The name of a check for people.
 * @param {QualityCheck} check
 * @param {boolean} passes
 */
export function checkName(check, passes) {
  return texts.checks[check.flag]?.[passes ? 0 : 1] ?? check.flag;
}

/** @param {{ checks: QualityCheck[], quality: Quality, passes: boolean }} properties */
function CheckList({ checks, quality, passes }) {
  return html`<ul class="checks">
    ${checks.map(
      (check) => html`<li key=${check.flag} class=${passes ? "good" : "bad"}>
        <${Icon} name=${passes ? "check" : "cross"} />
        <div><div class="what"><span>${checkName(check, passes)}</span><span class="number">${figureOf(check, quality)}</span></div>
          <p class="soft small">${passes ? "" : (texts.checks[check.flag]?.[2] ?? "")} ${neededOf(check)}</p></div>
      </li>`,
    )}
  </ul>`;
}

/**
 * @param {QualityCheck} check
 * @param {Quality} quality
 */
function figureOf(check, quality) {
  const unit = texts.checks[check.flag]?.[3] ?? "";
  const values = check.measures.map((name) => {
    const value = Number(quality[name]);
    return String(Math.round(name.endsWith("_score") ? value * 100 : value)).replace("-", "−");
  });
  return values.length > 0 ? `${values.join(" / ")}${unit.split(" ").length > 2 ? ` ${unit.trim().split(" ")[0]}` : unit}` : "";
}

/** @param {QualityCheck} check */
function neededOf(check) {
  const unit = texts.checks[check.flag]?.[3] ?? "";
  return texts.quality.needed(texts.quality.rules[check.rule](`${check.threshold}${unit}`));
}
