// The frame of all views: the bar with the links, the banner, and the foot.

import { hasKey, keepKey, keyRequest, reachable } from "../lib/api.js";
import { offers, trouble, version, withoutWorkers } from "../lib/deployment.js";
import { theme } from "../lib/preferences.js";
import { html, useEffect, useRef } from "../lib/preact.js";
import { linkTo, route } from "../lib/router.js";
import { said } from "../lib/saying.js";
import { texts } from "../texts.js";
import { Icon } from "./icon.js";

const VIEWS = /** @type {const} */ (["analyse", "verify", "batches", "jobs", "system"]);
const THEMES = /** @type {const} */ (["system", "light", "dark"]);
const THEME_ICONS = { system: "system", light: "sun", dark: "moon" };

/** @param {{ children?: any }} properties */
export function Shell({ children }) {
  const main = useRef(/** @type {HTMLElement | null} */ (null));
  const { view, argument } = route.value;
  const first = useRef(true);
  useEffect(() => {
    const name = VIEWS.find((known) => known === view) ?? "analyse";
    document.title = `${texts.nav[name]} · Faceline`;
    // After a change of the view, screen readers and the keyboard continue at its beginning.
    if (!first.current) {
      main.current?.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
    first.current = false;
  }, [view, argument]);
  return html`
    <a class="button skip" href="#main" onClick=${(/** @type {Event} */ event) => {
      event.preventDefault();
      main.current?.focus();
    }}>${texts.skip}</a>
    <${Topbar} view=${view} />
    <${Banner} />
    <${Said} />
    <main ref=${main} id="main" tabindex="-1">${children}</main>
    <${Foot} />
  `;
}

/** @param {{ view: string }} properties */
function Topbar({ view }) {
  return html`<header class="topbar"><div class="topbar-inner">
    <a class="brand" href=${linkTo("analyse")}>
      <img src=${new URL("../favicon.svg", import.meta.url).href} alt="" />Faceline
    </a>
    <nav class="nav" aria-label=${texts.nav.label}>
      ${VIEWS.map(
        (name) => html`<a key=${name} href=${linkTo(name)} aria-current=${view === name ? "page" : null}>
          ${texts.nav[name]}
        </a>`,
      )}
    </nav>
    <div class="tools"><${KeyButton} /><${ThemeButton} /></div>
  </div></header>`;
}

function ThemeButton() {
  const current = THEMES.find((name) => name === theme.value) ?? "system";
  const next = THEMES[(THEMES.indexOf(current) + 1) % THEMES.length] ?? "system";
  return html`<button type="button" class="button plain square" title=${texts.theme[current]}
    aria-label=${texts.theme[current]} onClick=${() => (theme.value = next)}>
    <${Icon} name=${THEME_ICONS[current]} />
  </button>`;
}

function KeyButton() {
  const change = () => {
    if (hasKey.value) keepKey(null);
    else keyRequest.value = { refused: false, answer: keepKey };
  };
  const text = hasKey.value ? texts.key.forget : texts.key.set;
  return html`<button type="button" class="button plain square" title=${text} aria-label=${text}
    aria-pressed=${hasKey.value} onClick=${change}><${Icon} name=${hasKey.value ? "lock" : "key"} /></button>`;
}

function Banner() {
  let text = "";
  if (!reachable.value) text = texts.banner.unreachable;
  else if (withoutWorkers.value) text = texts.banner.noWorkers;
  else if (trouble.value && offers.value) text = trouble.value;
  return html`<div role="status">
    ${text
      ? html`<div class="notice banner ${reachable.value ? "warn" : "bad"}"><div class="inner">
          <${Icon} name="warning" />${text}</div></div>`
      : null}
  </div>`;
}

function Said() {
  return html`<div class="said" role="status">${said.value ? html`<div><${Icon} name="check" />${said.value}</div>` : null}</div>`;
}

function Foot() {
  return html`<footer class="foot"><div class="foot-inner">
    <span class="private"><${Icon} name="lock" />${texts.foot.private(location.host)}</span>
    <a href="docs">${texts.foot.docs}</a>
    ${version.value ? html`<span>${texts.foot.version(version.value.version)}</span>` : null}
  </div></footer>`;
}
