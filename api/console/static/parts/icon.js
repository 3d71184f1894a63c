// Icons of 24 × 24, drawn with lines.

import { html } from "../lib/preact.js";

/** @type {Record<string, string>} */
const PATHS = {
  face: "M4 8V6a2 2 0 0 1 2-2h2M16 4h2a2 2 0 0 1 2 2v2M20 16v2a2 2 0 0 1-2 2h-2M8 20H6a2 2 0 0 1-2-2v-2M9 10v.5M15 10v.5M9 14.5c.8.9 1.8 1.4 3 1.4s2.2-.5 3-1.4",
  camera: "M4 8h3l2-3h6l2 3h3v11H4zM12 16.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z",
  upload: "M12 16V5M7.5 9.5 12 5l4.5 4.5M4 16v3h16v-3",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
  folder: "M3.5 19V5h6l2 2.5h9V19z",
  paste: "M9 4h6v3H9zM9 5.5H6V20h12V5.5h-3",
  check: "M5 12.5l4.5 4.5L19 7.5",
  cross: "M6.5 6.5l11 11M17.5 6.5l-11 11",
  warning: "M12 4 2.5 20h19zM12 10v4.5M12 17.3v.2",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  sun: "M12 16.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM12 2v2.5M12 19.5V22M2 12h2.5M19.5 12H22M5 5l1.7 1.7M17.3 17.3 19 19M19 5l-1.7 1.7M6.7 17.3 5 19",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z",
  system: "M4 5h16v11H4zM9 20h6M12 16v4",
  key: "M14.5 13a4.5 4.5 0 1 0-4.2-3L4 16.3V20h3.7v-2.5h2.5V15l1.3-1.3a4.5 4.5 0 0 0 3-.7zM15.5 8.5v.2",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  fit: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13",
  chevron: "M8 10l4 4 4-4",
  back: "M19 12H5M11 6l-6 6 6 6",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  download: "M12 4v11M7.5 10.5 12 15l4.5-4.5M4 16v3h16v-3",
  refresh: "M20 5v5h-5M4 19v-5h5M18.5 9.5A7 7 0 0 0 6 8M5.5 14.5A7 7 0 0 0 18 16",
};

/** @param {{ name: keyof typeof PATHS | string }} properties */
export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${PATHS[name] ?? ""} /></svg>`;
}
