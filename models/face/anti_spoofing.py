"""Whether a face is there in person: FaceAntiSpoofing, a network that looks at the texture of skin."""

from collections.abc import Sequence

import numpy as np

from models.batches import infer, rgb_pixels
from models.crops import cut
from models.face.softness import softness
from models.geometry import Box, Region
from models.image import Image
from models.odds import balanced
from models.session import FloatArray, SessionSource

_SIZE = 256
# The network is a tree of eight leaves, each for another kind of attack (Liu et al.: "Deep tree learning for zero-shot
# face anti-spoofing", CVPR 2019). This one alone tells more than the leaf that the tree leads to.
_LEAF = 5
_THRESHOLD = 0.0115
# The network takes seven of ten real faces that are softer for spoofs.
_MAX_SOFTNESS = 0.55


class FaceAntiSpoofing:
    """Judges a face by itself, in a square of 256 pixels."""

    models = ("face-anti-spoofing",)

    def __init__(self, sessions: SessionSource) -> None:
        (self._session,) = (sessions(name) for name in self.models)

    def judge(self, images: Sequence[Image], boxes: Sequence[Box]) -> list[float | None]:
        """See `models.face.liveness.LivenessNetwork.judge`; None for faces that are too soft."""
        crops = [cut(image, Region.of_box(box).squared(), _SIZE) for image, box in zip(images, boxes, strict=True)]
        sharp = [row for row, crop in enumerate(crops) if softness(crop) <= _MAX_SOFTNESS]
        outputs = infer(self._session, (crops[row] for row in sharp), _unit_rgb)
        answers: list[float | None] = [None] * len(crops)
        for row, leaves in zip(sharp, outputs.get("clss", ()), strict=True):
            answers[row] = balanced(1 - min(abs(float(leaves[_LEAF])), 1.0), 1 - _THRESHOLD)
        return answers


def _unit_rgb(images: Sequence[Image]) -> FloatArray:
    """(n, h, w, 3) uint8 BGR -> (n, h, w, 3) float32 RGB in [0, 1]."""
    return rgb_pixels(images) / np.float32(255)
