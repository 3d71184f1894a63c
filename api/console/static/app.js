// The start of the page.

import { offers, trouble, watchDeployment } from "./lib/deployment.js";
import { html, render } from "./lib/preact.js";
import { route } from "./lib/router.js";
import { Busy, ErrorNotice } from "./parts/controls.js";
import { KeyDialog } from "./parts/key-dialog.js";
import { Shell } from "./parts/shell.js";
import { Analyse } from "./views/analyse.js";
import { Batches } from "./views/batches.js";
import { Jobs } from "./views/jobs.js";
import { System } from "./views/system.js";
import { Verify } from "./views/verify.js";

/** @type {Record<string, (properties: { argument: string }) => any>} */
const VIEWS = {
  analyse: Analyse,
  verify: Verify,
  batches: Batches,
  jobs: Jobs,
  system: System,
};

function App() {
  const { view, argument } = route.value;
  const View = VIEWS[view] ?? Analyse;
  let content = html`<${Busy} />`;
  if (offers.value) content = html`<${View} argument=${argument} />`;
  else if (trouble.value) content = html`<${ErrorNotice} error=${trouble.value} />`;
  return html`<${Shell}>${content}<//><${KeyDialog} />`;
}

const root = document.getElementById("app");
if (root) render(html`<${App} />`, root);
void watchDeployment();
