"""`FaceView`: the aligned face and the box of a face in grey, for the quality measures."""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from models.imaging.crops import warp
from models.imaging.geometry import Box, Points, apply, similarity
from models.networks.landmarks import LandmarkName, select

Grey = NDArray[np.uint8]
"""(h, w) uint8 luminance."""

Mask = NDArray[np.uint8]
"""(h, w) uint8, 1 = part of the mask, else 0."""

SIZE = 192
"""Side of the aligned face."""

EYE_DISTANCE = 60.0
"""Pixels between the eyes of the aligned face: the least distance that passes, so that no such face is enlarged."""

_ANCHORS = (LandmarkName.LEFT_EYE, LandmarkName.RIGHT_EYE, LandmarkName.MOUTH_LEFT, LandmarkName.MOUTH_RIGHT)
# Their positions in the mean upright face, symmetric about the middle.
_TEMPLATE = np.array([[66.0, 66], [126, 66], [72, 132], [120, 132]])
_SUPERSAMPLE = 2
_BROWS = 6
_FOREHEAD = np.array([0.0, EYE_DISTANCE / 2])
_FAR = 10.0 * SIZE


@dataclass(frozen=True, slots=True)
class FaceView:
    """One face, prepared for the measures.

    Attributes:
        aligned: (192, 192) uint8, the face with level eyes, 60 pixels apart.
        points: (21, 2), the landmarks in `aligned`.
        box: (h, w) uint8, the part of the image inside the face's box, unchanged; at least one pixel.
        corner: x, y of its first pixel in the image.
        eye_distance: in pixels of the image.
    """

    aligned: Grey
    points: Points
    box: Grey
    corner: tuple[int, int]
    eye_distance: float

    @classmethod
    def of(cls, grey: Grey, bbox: Box, landmarks: Points) -> Self:
        """The view of a face, by its box and 21 points, in an image (h, w)."""
        anchors = select(landmarks, *_ANCHORS)
        to_aligned = similarity(anchors, _TEMPLATE)
        limit = np.array(grey.shape[::-1])
        start = np.clip(np.floor(bbox[:2]), 0, limit - 1).astype(int)
        end = np.clip(np.ceil(bbox[2:]), start + 1, limit).astype(int)
        return cls(
            aligned=warp(grey, to_aligned, SIZE, _SUPERSAMPLE),
            points=apply(to_aligned, landmarks).clip(-_FAR, _FAR),
            box=grey[start[1] : end[1], start[0] : end[0]],
            corner=(int(start[0]), int(start[1])),
            eye_distance=float(np.linalg.norm(anchors[1] - anchors[0])),
        )

    def face(self, forehead: bool = False) -> Mask:
        """The pixels of `aligned` between the brows, the ears and the chin; with `forehead` also those above."""
        raised = self.points[:_BROWS] - _FOREHEAD
        points = np.vstack([self.points, raised]) if forehead else self.points
        mask = np.zeros((SIZE, SIZE), np.uint8)
        cv2.fillConvexPoly(mask, cv2.convexHull(points.astype(np.float32)).astype(np.int32), (1,))
        return mask if mask.any() else np.ones_like(mask)


def percentiles(grey: Grey, *shares: float) -> list[int]:
    """For each share, the least grey level that at least this share of the pixels does not exceed."""
    counts = cv2.calcHist([grey], [0], None, [256], [0, 256])[:, 0]
    levels = np.searchsorted(np.cumsum(counts, dtype=np.float64), np.array(shares) * grey.size)
    return [int(level) for level in levels]
