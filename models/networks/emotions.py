"""Emotion classifier: the expression network of face-api.js, for the emotion estimator and the quality assessment."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.imaging.decode import Image
from models.imaging.geometry import Points
from models.imaging.preprocessing import rgb_planes, with_mirrors
from models.networks.face_crop import face_crop
from models.output import Output
from models.runtime.session import FloatArray, Session, infer

_ORDER = ("neutral", "happy", "sad", "angry", "scared", "disgusted", "surprised")
# Subtracted from the logarithm: the network calls too many faces neutral.
_NEUTRAL_BIAS = 0.9
# A single crop cannot rule an expression out.
_FLOOR = 1e-7


@dataclass(frozen=True, slots=True)
class Emotions:
    """How likely each expression is; in [0, 1], they sum to 1."""

    angry: float
    disgusted: float
    scared: float
    happy: float
    neutral: float
    sad: float
    surprised: float


EMOTIONS = Output("emotions", Emotions)


class EmotionClassifier:
    """Judges faces by their landmarks, with the expression network of face-api.js."""

    model = "faceapi-expression"

    def __init__(self, session: Session) -> None:
        self._session = session

    def classify(self, images: Sequence[Image], landmarks: Sequence[Points]) -> list[Emotions]:
        """Judge each face, on its crop and the mirror image of the crop.

        Args:
            images: the image of each face.
            landmarks: its (21, 2) points.

        Raises:
            ModelError: the engine failed.
        """
        if not images:
            return []
        crops = (face_crop(image, points) for image, points in zip(images, landmarks, strict=True))
        seen = infer(self._session, with_mirrors(crops), rgb_planes)["expression"].reshape(-1, 2, len(_ORDER))
        return [Emotions(**dict(zip(_ORDER, row, strict=True))) for row in _combined(seen).tolist()]


def _combined(seen: FloatArray) -> NDArray[np.float64]:
    """Geometric mean of the probabilities of a crop and its mirror image, (n, 2, 7) -> (n, 7), less the bias."""
    scores = np.log(seen.astype(np.float64).clip(_FLOOR)).mean(axis=1)
    scores[:, _ORDER.index("neutral")] -= _NEUTRAL_BIAS
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = weights / weights.sum(axis=1, keepdims=True)
    return shares
