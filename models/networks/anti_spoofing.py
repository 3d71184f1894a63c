"""Default liveness network: FaceAntiSpoofing, which looks at the texture of skin."""

from collections.abc import Sequence

from models.calibration.shares import balanced
from models.imaging.crops import cut
from models.imaging.decode import Image
from models.imaging.geometry import Box, Region
from models.imaging.measures import softness
from models.imaging.preprocessing import unit_rgb_pixels
from models.imaging.quarters import Quarter, quarter_angle
from models.runtime.session import SessionSource, infer

_SIZE = 256
# The network is a tree of eight leaves, each for another kind of attack (Liu et al.: "Deep tree learning for zero-shot
# face anti-spoofing", CVPR 2019). This leaf alone is more accurate than the leaf that the tree
# chooses, and the converted weights have no other output.
_LEAF = "leaf_5"
_THRESHOLD = 0.0115
# Softer faces have lost the texture of skin. A lower limit refuses many more real people and stops one more spoof: .55
# refused 53 of 82 real people where .70 refuses 9, and 6 of 93 spoofs pass with the one, 7 with the other.
_MAX_SOFTNESS = 0.70


class FaceAntiSpoofing:
    """Estimates the liveness of a face without its surroundings, in a square of 256 pixels."""

    models = ("face-anti-spoofing",)

    def __init__(self, sessions: SessionSource) -> None:
        (self._session,) = (sessions(name) for name in self.models)

    def estimate(
        self, images: Sequence[Image], boxes: Sequence[Box], quarters: Sequence[Quarter]
    ) -> list[float | None]:
        """See `models.networks.liveness.LivenessNetwork.estimate`; None for faces that are too soft."""
        crops = [
            cut(image, Region.of_box(box, quarter_angle(quarter)).squared(), _SIZE)
            for image, box, quarter in zip(images, boxes, quarters, strict=True)
        ]
        sharp = [row for row, crop in enumerate(crops) if softness(crop) <= _MAX_SOFTNESS]
        outputs = infer(self._session, (crops[row] for row in sharp), unit_rgb_pixels)
        answers: list[float | None] = [None] * len(crops)
        for row, (leaf,) in zip(sharp, outputs.get(_LEAF, ()), strict=True):
            answers[row] = balanced(1 - min(abs(float(leaf)), 1.0), 1 - _THRESHOLD)
        return answers
