"""Whether the eyes are open."""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from models.imaging.crops import cut
from models.imaging.decode import Image
from models.imaging.geometry import Points, Region, angle
from models.imaging.preprocessing import with_mirrors
from models.networks.landmarks import LandmarkName, select
from models.quality.view import Grey
from models.runtime.session import FloatArray, Session, infer

THRESHOLD = 50
_SIZE = 24
# The side of the crop, as a multiple of the distance between the corners of an eye.
_MARGIN = 1.4
_CORNERS = (
    (LandmarkName.LEFT_EYE_LEFT, LandmarkName.LEFT_EYE_RIGHT),
    (LandmarkName.RIGHT_EYE_LEFT, LandmarkName.RIGHT_EYE_RIGHT),
)
# The mean grey level of all crops: eyes in the shade would count as closed.
_BRIGHTNESS = 110.0
_DARKEST = 5.0
# The network is so sure that its shares are all near 0 or 1: this spreads them, and moves none across one half.
_TEMPERATURE = 3.0


class EyeOpenness:
    """Rates each eye by a small square around it ("eyes open" of ISO/IEC 29794-5, which measures the gap of the lids).

    Takes the mean over an eye and its mirror image: a mirrored photo swaps left and right, and changes nothing else.
    """

    model = "fr-eye"

    def __init__(self, session: Session) -> None:
        self._session = session

    def estimate(self, greys: Sequence[Grey], landmarks: Sequence[Points]) -> list[tuple[float, float]]:
        """How surely the left and the right eye of each face are open, in [0, 1], higher = more surely.

        Args:
            greys: the image of each face, (h, w).
            landmarks: its points, (21, 2).

        Raises:
            ModelError: the engine failed.
        """
        crops = (eye for grey, points in zip(greys, landmarks, strict=True) for eye in _eyes(grey, points))
        outputs = infer(self._session, with_mirrors(crops), _unit_grey)
        if not outputs:
            return []
        logits = outputs["logits"].astype(np.float64)
        surplus = (logits[:, 1] - logits[:, 0]).reshape(-1, 2, 2).mean(axis=2)
        return [(left, right) for left, right in (1 / (1 + np.exp(-surplus / _TEMPERATURE))).tolist()]


def _eyes(grey: Grey, landmarks: Points) -> Iterator[Grey]:
    """The crops of the left and the right eye, (24, 24) uint8, level and equally light."""
    for corners in _CORNERS:
        start, end = select(landmarks, *corners)
        side = _MARGIN * np.linalg.norm(end - start)
        eye = cut(grey, Region((start + end) / 2, np.full(2, side), angle(start, end)), _SIZE)
        yield cv2.convertScaleAbs(eye, alpha=_BRIGHTNESS / max(float(eye.mean()), _DARKEST)).astype(np.uint8)


def _unit_grey(images: Sequence[Image]) -> FloatArray:
    """(n, h, w) uint8 -> (n, 1, h, w) float32 in [0, 1]."""
    return np.stack(images)[:, None].astype(np.float32) / np.float32(255)
