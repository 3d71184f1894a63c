// The choice of a preset, or of services one by one with what each needs.

import { readable, serviceTitle } from "../lib/format.js";
import { preset } from "../lib/preferences.js";
import { html } from "../lib/preact.js";
import { chosen, CUSTOM, detector, detectors, followers, obstacle, presets, servicesOf, work } from "../lib/work.js";
import { texts } from "../texts.js";
import { Segments } from "./controls.js";

export function WorkPicker() {
  const options = [...presets.value, CUSTOM].map((name) => ({
    value: name,
    text: name === CUSTOM ? texts.analyse.custom : readable(name),
  }));
  const known = presets.value.includes(preset.value) || preset.value === CUSTOM;
  const current = known ? preset.value : (presets.value[0] ?? CUSTOM);
  return html`<div class="work">
    <${Segments} label=${texts.analyse.preset} value=${current} options=${options}
      onChange=${(/** @type {string} */ name) => (preset.value = name)} />
    ${current === CUSTOM ? html`<${CustomServices} />` : html`<p class="soft small">
      ${servicesOf(work.value).map((name) => serviceTitle(name)).join(" → ")}</p>`}
  </div>`;
}

function CustomServices() {
  const first = detectors.value.find((service) => service.name === detector.value) ?? detectors.value[0];
  if (!first) return null;
  const toggle = (/** @type {string} */ name) => {
    const without = chosen.value.filter((other) => other !== name);
    chosen.value = without.length < chosen.value.length ? without : [...without, name];
  };
  return html`<div class="stack tight">
    <fieldset class="services" role="radiogroup"><legend>${texts.analyse.detector}</legend>
      ${detectors.value.map(
        (service) => html`<label class="check" key=${service.name}>
          <input type="radio" name="detector" checked=${service === first} onChange=${() => (detector.value = service.name)} />
          <span>${serviceTitle(service.name)}<span class="soft">${service.summary}</span></span>
        </label>`,
      )}
    </fieldset>
    <fieldset class="services"><legend>${texts.analyse.then}</legend>
      ${followers.value.map((service) => {
        const why = obstacle(service, first);
        return html`<label class="check ${why ? "off" : ""}" key=${service.name}>
          <input type="checkbox" disabled=${Boolean(why)} checked=${!why && chosen.value.includes(service.name)}
            onChange=${() => toggle(service.name)} />
          <span>${serviceTitle(service.name)}<span class="soft">${why || service.summary}</span></span>
        </label>`;
      })}
    </fieldset>
  </div>`;
}
