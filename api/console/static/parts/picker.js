// The ways to bring in photos: drop, choose, paste, take, or a sample.

import { droppedFiles, photosAmong } from "../lib/folders.js";
import { html, useEffect, useRef, useState } from "../lib/preact.js";
import { addressOfSample, SAMPLES, sampleFile } from "../lib/samples.js";
import { texts } from "../texts.js";
import { CameraDialog } from "./camera.js";
import { Icon } from "./icon.js";

/** @typedef {(files: File[]) => void} OnFiles */

/**
 * An area that takes dropped files.
 * @param {{ onFiles: OnFiles, children?: any, class?: string, label?: string }} properties
 */
export function DropArea({ onFiles, children, class: name = "", label }) {
  const [over, setOver] = useState(false);
  return html`<div
    class="${name} ${over ? "over" : ""}" role=${label ? "group" : null} aria-label=${label}
    onDragOver=${(/** @type {DragEvent} */ event) => {
      event.preventDefault();
      setOver(true);
    }}
    onDragLeave=${(/** @type {DragEvent} */ event) => {
      const inside = event.relatedTarget instanceof Node && event.currentTarget instanceof Node;
      if (!inside || !(/** @type {Node} */ (event.currentTarget).contains(/** @type {Node} */ (event.relatedTarget)))) {
        setOver(false);
      }
    }}
    onDrop=${(/** @type {DragEvent} */ event) => {
      event.preventDefault();
      setOver(false);
      void droppedFiles(event.dataTransfer).then(onFiles);
    }}>${children}</div>`;
}

/**
 * Calls with photos that are pasted anywhere on the page while the calling part is shown.
 * @param {OnFiles} onFiles
 */
export function usePaste(onFiles) {
  const latest = useRef(onFiles);
  latest.current = onFiles;
  useEffect(() => {
    const paste = (/** @type {ClipboardEvent} */ event) => {
      const files = [...(event.clipboardData?.files ?? [])].filter((file) => file.type.startsWith("image/"));
      if (files.length > 0) latest.current(files);
    };
    document.addEventListener("paste", paste);
    return () => document.removeEventListener("paste", paste);
  }, []);
}

/**
 * A button that opens the system's file dialog.
 * @param {{ onFiles: OnFiles, text: string, several?: boolean, accept?: string, primary?: boolean, slim?: boolean,
 *   icon?: string }} properties
 */
export function ChooseButton({ onFiles, text, several = false, accept = "image/*", primary, slim, icon = "upload" }) {
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const change = () => {
    const field = input.current;
    const files = [...(field?.files ?? [])];
    if (field) field.value = ""; // the same file can be chosen again
    if (files.length > 0) onFiles(files);
  };
  return html`<button type="button" class="button ${primary ? "primary" : ""} ${slim ? "slim" : ""}"
      onClick=${() => input.current?.click()}><${Icon} name=${icon} />${text}</button>
    <input ref=${input} type="file" hidden accept=${accept} multiple=${several} onChange=${change} aria-label=${text} />`;
}

/**
 * A button that takes all photos of a folder, and of the folders in it; none if it has no photo.
 * @param {{ onFiles: OnFiles, text: string }} properties
 */
export function FolderButton({ onFiles, text }) {
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const change = () => {
    const field = input.current;
    const photos = photosAmong([...(field?.files ?? [])]);
    if (field) field.value = "";
    onFiles(photos);
  };
  return html`<button type="button" class="button" onClick=${() => input.current?.click()}><${Icon} name="folder" />${text}</button>
    <input ref=${input} type="file" hidden webkitdirectory=${true} onChange=${change} aria-label=${text} />`;
}

/** @param {{ onFiles: OnFiles, slim?: boolean }} properties */
export function CameraButton({ onFiles, slim }) {
  const [open, setOpen] = useState(false);
  return html`<button type="button" class="button ${slim ? "slim" : ""}" onClick=${() => setOpen(true)}>
      <${Icon} name="camera" />${texts.pick.camera}</button>
    ${open ? html`<${CameraDialog} onPhoto=${(/** @type {File} */ file) => onFiles([file])} onClose=${() => setOpen(false)} />` : null}`;
}

/**
 * The sample photos, as buttons.
 * @param {{ onFiles: OnFiles, names?: string[] }} properties
 */
export function Samples({ onFiles, names }) {
  const shown = SAMPLES.filter((sample) => names?.includes(sample.name) ?? true);
  return html`<div class="samples" role="group" aria-label=${texts.pick.samples}>
    ${shown.map(
      (sample) => html`<button type="button" class="sample" key=${sample.name}
        onClick=${async () => onFiles([await sampleFile(sample)])}>
        <img src=${addressOfSample(sample)} alt="" width="92" height="68" /><span>${texts.samples[sample.name]}</span>
      </button>`,
    )}
  </div>`;
}
