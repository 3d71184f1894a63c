"""Service: whether a face wears sunglasses. A complete example: copied into `models/services/`, it is a new service."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.family import ModelFamily
from models.imaging.crops import cut
from models.imaging.geometry import Region
from models.output import Output
from models.runtime.session import SessionSource
from models.service import EstimatingService, Face

# Where the eyes are in the box of a face: the middle and the height of a stripe, in parts of the box's height.
_EYES_MIDDLE, _EYES_HEIGHT = 0.4, 0.2
_CROP_SIZE = 32


@dataclass(frozen=True, slots=True)
class Glasses:
    """Whether a face wears sunglasses.

    Attributes:
        value: true where `confidence` is at least one half.
        confidence: that the face wears sunglasses, in [0, 1]: by how much the eyes are darker than the face.
    """

    value: bool
    confidence: float


class GlassesEstimator(EstimatingService[Glasses]):
    """Estimates whether each face wears sunglasses, from how dark the eyes are in comparison to the face."""

    name = "glasses-estimator"
    family = ModelFamily.FACE_ATTRIBUTES
    output = Output("glasses", Glasses)

    def __init__(self, sessions: SessionSource) -> None:
        """A service with a network declares `weights = ("name",)`, and keeps `sessions("name")` here."""

    def estimate(self, faces: Sequence[Face]) -> list[Glasses]:
        """See `EstimatingService.estimate`."""
        return [_glasses(face) for face in faces]


def _glasses(face: Face) -> Glasses:
    whole = Region.of_box(face.bbox)
    eyes = Region(face.bbox[:2] + whole.size * (0.5, _EYES_MIDDLE), whole.size * (1, _EYES_HEIGHT))
    confidence = 1 - _brightness(face, eyes) / max(_brightness(face, whole), 1)
    return Glasses(confidence >= 0.5, max(confidence, 0.0))


def _brightness(face: Face, region: Region) -> float:
    return float(np.mean(cut(face.image, region, _CROP_SIZE)))
