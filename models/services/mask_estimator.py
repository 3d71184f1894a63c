"""Service `mask-estimator`: whether each face wears a mask."""

from collections.abc import Sequence

from models.family import ModelFamily
from models.networks.mask import MASK, Mask, MaskClassifier
from models.runtime.session import SessionSource
from models.service import EstimatingService, Face


class MaskEstimator(EstimatingService[Mask]):
    """Estimates whether each face wears a mask."""

    name = "mask-estimator"
    family = ModelFamily.FACE_ATTRIBUTES
    output = MASK
    weights = (MaskClassifier.model,)
    in_version_1_0 = True

    def __init__(self, sessions: SessionSource) -> None:
        self._classifier = MaskClassifier(sessions(MaskClassifier.model))

    def estimate(self, faces: Sequence[Face]) -> list[Mask]:
        """See `EstimatingService.estimate`."""
        return self._classifier.classify([face.image for face in faces], [face.bbox for face in faces])
