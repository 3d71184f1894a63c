// The dialog that takes a photo with the camera of this machine.

import { html, useEffect, useRef, useState } from "../lib/preact.js";
import { texts } from "../texts.js";
import { Icon } from "./icon.js";
import { Notice } from "./controls.js";

/** @param {{ onPhoto: (file: File) => void, onClose: () => void }} properties */
export function CameraDialog({ onPhoto, onClose }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const video = useRef(/** @type {HTMLVideoElement | null} */ (null));
  const [refused, setRefused] = useState(false);
  useEffect(() => {
    dialog.current?.showModal();
    let stream = /** @type {MediaStream | null} */ (null);
    let ended = false;
    openCamera()
      .then((opened) => {
        stream = opened;
        if (ended || !video.current) stop(opened);
        else video.current.srcObject = opened;
      })
      .catch(() => setRefused(true));
    return () => {
      ended = true;
      if (stream) stop(stream);
    };
  }, []);
  const shoot = async () => {
    const photo = video.current && (await takePhoto(video.current));
    if (photo) onPhoto(photo);
    onClose();
  };
  return html`<dialog ref=${dialog} class="camera" aria-labelledby="camera-title" onClose=${onClose}>
    <div class="stack">
      <h2 id="camera-title">${texts.camera.title}</h2>
      ${refused
        ? html`<${Notice} kind="warn">${texts.camera.refused}<//>`
        : html`<video ref=${video} autoplay muted playsinline></video>`}
      <div class="row">
        ${refused ? null : html`<button type="button" class="button primary" onClick=${shoot}>
          <${Icon} name="camera" />${texts.camera.shoot}</button>`}
        <button type="button" class="button" onClick=${onClose}>${texts.common.close}</button>
      </div>
    </div>
  </dialog>`;
}

/** @returns {Promise<MediaStream>} */
function openCamera() {
  if (!navigator.mediaDevices) return Promise.reject(new Error("no camera"));
  return navigator.mediaDevices.getUserMedia({ video: { facingMode: "user", width: { ideal: 1280 } } });
}

/** @param {MediaStream} stream */
function stop(stream) {
  stream.getTracks().forEach((track) => track.stop());
}

/**
 * @param {HTMLVideoElement} video
 * @returns {Promise<File | null>}
 */
function takePhoto(video) {
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d")?.drawImage(video, 0, 0);
  return new Promise((resolve) => {
    canvas.toBlob((blob) => resolve(blob && new File([blob], "camera.jpg", { type: "image/jpeg" })), "image/jpeg", 0.92);
  });
}
