"""Optional liveness networks: two MiniFASNets, which look at a face and its surroundings."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from models.calibration.shares import balanced
from models.imaging.crops import cut
from models.imaging.decode import Image
from models.imaging.geometry import Box, Region
from models.imaging.measures import softness
from models.imaging.preprocessing import bgr_planes
from models.imaging.quarters import Quarter, uprighted
from models.runtime.session import FloatArray, SessionSource, infer

_SIZE = 80
_REAL = 1
_THRESHOLD = 0.72
# One in a hundred faces is softer than this. The networks call most faces real that are so soft that only blobs
# are left.
_MAX_SOFTNESS = 0.75


class MiniFasNetPair:
    """Estimates liveness by the mean of two networks on crops of different sizes (Silent-Face-Anti-Spoofing, 2020)."""

    # An interrupted pull stores the second only, so a missing first one means that the pair is not installed.
    models = ("minifasnet-v1se", "minifasnet-v2")
    _SCALES = (4.0, 2.7)

    def __init__(self, sessions: SessionSource) -> None:
        self._sessions = [sessions(name) for name in self.models]

    def estimate(
        self, images: Sequence[Image], boxes: Sequence[Box], quarters: Sequence[Quarter]
    ) -> list[float | None]:
        """See `models.networks.liveness.LivenessNetwork.estimate`; None for faces that are too soft."""
        sharp = [row for row, (image, box) in enumerate(zip(images, boxes, strict=True)) if _is_sharp(image, box)]
        shares = np.zeros(len(sharp))
        for session, scale in zip(self._sessions, self._SCALES, strict=True):
            crops = (uprighted(_surroundings(images[row], boxes[row], scale), quarters[row]) for row in sharp)
            outputs = infer(session, crops, bgr_planes)
            if outputs:
                shares += _probabilities(outputs["logits"])[:, _REAL]
        answers: list[float | None] = [None] * len(boxes)
        for row, share in zip(sharp, (shares / len(self._sessions)).tolist(), strict=True):
            answers[row] = balanced(share, _THRESHOLD)
        return answers


def _is_sharp(image: Image, box: Box) -> bool:
    """Whether the face is sharp enough at the size in which the networks see it."""
    return softness(cut(image, Region.of_box(box).squared(), _SIZE)) <= _MAX_SOFTNESS


def _surroundings(image: Image, box: Box, scale: float) -> Image:
    """(80, 80, 3) uint8: the box times `scale`, made smaller and moved until it is inside the image."""
    limit = np.array([image.shape[1], image.shape[0]]) - 1.0
    size = np.maximum(box[2:] - box[:2], 1)
    size = size * min(scale, *(limit / size).tolist())
    start = np.clip((box[:2] + box[2:]) / 2 - size / 2, 0, limit - size)
    (left, top), (right, bottom) = start.astype(int).tolist(), (start + size).astype(int).tolist()
    # Without averaging: the networks were trained on crops that were made smaller in this way.
    return np.asarray(cv2.resize(image[top : bottom + 1, left : right + 1], (_SIZE, _SIZE)), np.uint8)


def _probabilities(logits: FloatArray) -> NDArray[np.float64]:
    """(n, 3) -> (n, 3); the rows sum to 1."""
    weights = np.exp(logits - logits.max(axis=1, keepdims=True), dtype=np.float64)
    shares: NDArray[np.float64] = weights / weights.sum(axis=1, keepdims=True)
    return shares
