"""Face detector: YuNet."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from models.imaging.crops import letterboxed
from models.imaging.decode import Image
from models.imaging.geometry import Box, Letterbox, Points
from models.imaging.preprocessing import bgr_planes
from models.runtime.session import FloatArray, Session, infer

_SIDE = 640
_MIN_CONFIDENCE = 0.6
_MAX_OVERLAP = 0.3
_STRIDES = (8, 16, 32)
# Faces that fill the picture are missed; seen from further away, against grey, they are found.
_RETRY_SIDE = 320
_RETRY_MARGINS = (0.3, 0.6, 1.0)
_RETRY_FILL = 128
_OUTPUTS = ("cls", "obj", "bbox", "kps")


@dataclass(frozen=True, slots=True)
class Detection:
    """A face that was found.

    Attributes:
        bbox: (4,) float64, x1, y1, x2, y2 in pixels; may reach over the borders of the image.
        keypoints: (5, 2) float64, x, y in pixels: the eye on the viewer's left, the other eye, the tip of the nose,
            the corner of the mouth on the viewer's left, the other corner.
        confidence: in [0, 1], higher = surer.
    """

    bbox: Box
    keypoints: Points
    confidence: float


class FaceDetector:
    """Finds faces with YuNet (Wu, Peng, Yu: "YuNet: a tiny millisecond-level face detector", MIR 2023).

    The network answers per cell of three grids: a class and an object score, a box as centre and logarithmic size,
    and five points, all relative to the cell in units of its stride.
    """

    model = "yunet"

    def __init__(self, session: Session) -> None:
        self._session = session

    def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
        """Find the faces of each image, surest first.

        Images whose scaled sizes agree share a run of the network. Where nothing is found, the image is tried again
        with ever wider margins.

        Raises:
            ModelError: the engine failed.
        """
        found = self._look(images, _SIDE)
        for margin in _RETRY_MARGINS:
            missed = [index for index, faces in enumerate(found) if not faces]
            again = self._look([images[index] for index in missed], _RETRY_SIDE, margin)
            for index, faces in zip(missed, again, strict=True):
                found[index] = faces
        return found

    def _look(self, images: Sequence[Image], side: int, margin: float = 0.0) -> list[list[Detection]]:
        letterboxes = [Letterbox.fit(image.shape[0], image.shape[1], side, margin) for image in images]
        groups = defaultdict[tuple[int, int], list[int]](list)
        for index, letterbox in enumerate(letterboxes):
            groups[_canvas(letterbox)].append(index)
        found: list[list[Detection]] = [[] for _ in images]
        fill = _RETRY_FILL if margin else 0
        for canvas, members in groups.items():
            drawn = (letterboxed(images[index], letterboxes[index], canvas, fill) for index in members)
            cells = _joined(infer(self._session, drawn, bgr_planes))
            for row, index in enumerate(members):
                found[index] = _decoded(cells, row, canvas, letterboxes[index])
        return found


def _canvas(letterbox: Letterbox) -> tuple[int, int]:
    """(height, width) that holds a scaled image with its margins, in whole cells of the widest stride."""
    step = _STRIDES[-1]
    height, width = letterbox.height + 2 * letterbox.offset, letterbox.width + 2 * letterbox.offset
    return -(-height // step) * step, -(-width // step) * step


@lru_cache(maxsize=64)
def _grid(canvas: tuple[int, int]) -> tuple[FloatArray, FloatArray]:
    """Top left corners (n, 2) in pixels and strides (n, 1) of all cells, in the order of the outputs."""
    corners, strides = [], []
    for stride in _STRIDES:
        rows, columns = np.mgrid[: canvas[0] // stride, : canvas[1] // stride]
        corners.append(np.stack([columns, rows], axis=-1).reshape(-1, 2) * stride)
        strides.append(np.full((rows.size, 1), stride))
    return np.concatenate(corners).astype(np.float32), np.concatenate(strides).astype(np.float32)


def _joined(outputs: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """The cells of all grids along the second axis."""
    return {name: np.concatenate([outputs[f"{name}_{step}"] for step in _STRIDES], axis=1) for name in _OUTPUTS}


def _decoded(
    cells: Mapping[str, FloatArray], row: int, canvas: tuple[int, int], letterbox: Letterbox
) -> list[Detection]:
    """Decode one image: of each cell the scores `cls` and `obj` (1), the box `bbox` (4) and the points `kps` (10)."""
    confidences = np.sqrt(cells["cls"][row].clip(0, 1) * cells["obj"][row].clip(0, 1))[:, 0]
    sure = np.flatnonzero(confidences > _MIN_CONFIDENCE)
    confidences = confidences[sure]
    corners, strides = (values[sure] for values in _grid(canvas))
    boxes, points = (cells[name][row, sure].astype(np.float64) for name in ("bbox", "kps"))
    sizes = np.exp(boxes[:, 2:]) * strides
    starts = corners + boxes[:, :2] * strides - sizes / 2
    best = cv2.dnn.NMSBoxes(np.hstack([starts, sizes]).tolist(), confidences.tolist(), _MIN_CONFIDENCE, _MAX_OVERLAP)
    bboxes = letterbox.to_image(np.stack([starts, starts + sizes], axis=1)).reshape(-1, 4)
    keypoints = letterbox.to_image(corners[:, None] + points.reshape(-1, 5, 2) * strides[:, None])
    return [Detection(bboxes[index], keypoints[index], float(confidences[index])) for index in best]
