"""Emotion classifier: the expression network of face-api.js, for the emotion estimator and the quality assessment."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass

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
NEUTRAL_BIAS = 0.9
# A single crop cannot rule an expression out.
_FLOOR = 1e-7
# The network is surer than it is right: its shares average 0.90 where 0.65 of the answers are right. Divided by this,
# the logarithms give shares that agree with how often they are right, and the order of the emotions stays
# (Guo et al.: "On calibration of modern neural networks", ICML 2017).
_TEMPERATURE = 3.3


@dataclass(frozen=True, slots=True)
class Emotions:
    """How likely each expression is; in [0, 1], they sum to 1.

    A share is a measured probability: of the faces whose likeliest emotion has a share of 0.7, about seven in ten have
    this emotion (`docs/models/confidences.md`).
    """

    angry: float
    disgusted: float
    scared: float
    happy: float
    neutral: float
    sad: float
    surprised: float


EMOTIONS = Output("emotions", Emotions)


def sharpened(emotions: Emotions) -> Emotions:
    """The shares as the network gives them, before the temperature: decisions with a fixed threshold need them."""
    shares = np.array(astuple(emotions)) ** _TEMPERATURE
    return Emotions(*(shares / shares.sum()).tolist())


class EmotionClassifier:
    """Classifies faces by their landmarks, with the expression network of face-api.js."""

    model = "faceapi-expression"

    def __init__(self, session: Session) -> None:
        self._session = session

    def classify(self, images: Sequence[Image], landmarks: Sequence[Points]) -> list[Emotions]:
        """Classify each face, on its crop and the mirror image of the crop.

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
    """Geometric mean of the probabilities of a crop and its mirror image, less the bias, at the temperature.

    (n, 2, 7) -> (n, 7).
    """
    scores = np.log(seen.astype(np.float64).clip(_FLOOR)).mean(axis=1)
    scores[:, _ORDER.index("neutral")] -= NEUTRAL_BIAS
    weights = np.exp((scores - scores.max(axis=1, keepdims=True)) / _TEMPERATURE)
    shares: NDArray[np.float64] = weights / weights.sum(axis=1, keepdims=True)
    return shares
