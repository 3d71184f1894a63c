"""YuNet: finds faces that are upright, in one look at an image of a given size."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import pi

import cv2
import numpy as np

from models.imaging.crops import letterboxed
from models.imaging.decode import Image
from models.imaging.geometry import Box, Letterbox, Points, angle
from models.imaging.preprocessing import bgr_planes
from models.imaging.quarters import Quarter, nearest_quarter
from models.runtime.session import FloatArray, Session, infer

_MIN_CONFIDENCE = 0.6
_MAX_OVERLAP = 0.3
_STRIDES = (8, 16, 32)
_MARGIN_FILL = 128
_OUTPUTS = ("cls", "obj", "bbox", "kps")


@dataclass(frozen=True, slots=True)
class Detection:
    """A face that was found.

    Attributes:
        bbox: (4,) float64, x1, y1, x2, y2 in pixels; may reach over the borders of the image.
        keypoints: (5, 2) float64, x, y in pixels: the left eye, the right eye, the tip of the nose, the left and the
            right corner of the mouth. Left and right are those of a viewer who sees the face upright.
        confidence: in [0, 1], higher = surer.
    """

    bbox: Box
    keypoints: Points
    confidence: float

    @property
    def turn(self) -> float:
        """Direction of the line through the eyes in radians, 0 = level, clockwise."""
        return angle(self.keypoints[0], self.keypoints[1])

    @property
    def quarter(self) -> Quarter:
        """The quarter turn that is closest to the rotation of the face, from the eyes to the mouth."""
        return nearest_quarter(angle(self.keypoints[:2].mean(axis=0), self.keypoints[3:].mean(axis=0)) - pi / 2)


class YuNet:
    """The network (Wu, Peng, Yu: "YuNet: a tiny millisecond-level face detector", MIR 2023).

    It answers per cell of three grids: a class and an object score, a box as centre and logarithmic size, and five
    points, all relative to the cell in units of its stride. It was trained on upright faces: faces on their side or
    upside down are missed, or found with upright points.
    """

    model = "yunet"

    def __init__(self, session: Session) -> None:
        self._session = session

    def look(self, images: Sequence[Image], side: int, margin: float = 0.0) -> list[list[Detection]]:
        """Find the upright faces of each image, surest first.

        Images whose scaled sizes agree share a run of the network.

        Args:
            images: each (h, w, 3) uint8.
            side: that the longer side of an image is scaled to, in pixels.
            margin: grey at either end of the image, as a share of its longer side.

        Raises:
            ModelError: the engine failed.
        """
        letterboxes = [Letterbox.fit(image.shape[0], image.shape[1], side, margin) for image in images]
        groups = defaultdict[tuple[int, int], list[int]](list)
        for index, letterbox in enumerate(letterboxes):
            groups[_canvas(letterbox)].append(index)
        found: list[list[Detection]] = [[] for _ in images]
        fill = _MARGIN_FILL if margin else 0
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
