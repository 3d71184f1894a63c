"""Service `mask-estimator`: whether each face wears a mask."""

from collections.abc import Sequence

from config.options import DEFAULT_OPTIONS, ServiceOptions
from models.family import ModelFamily
from models.networks.mask import MASK, Mask, MaskClassifier
from models.runtime.session import SessionSource
from models.service import EstimatingService, Face, ServiceWithOptions
from models.services.face_quarters import FaceQuarters


class MaskEstimator(ServiceWithOptions, EstimatingService[Mask]):
    """Estimates whether each face wears a mask."""

    name = "mask-estimator"
    family = ModelFamily.FACE_ATTRIBUTES
    output = MASK
    weights = (FaceQuarters.model, MaskClassifier.model)
    in_version_1_0 = True

    def __init__(self, sessions: SessionSource, options: ServiceOptions = DEFAULT_OPTIONS) -> None:
        self._quarters = FaceQuarters(sessions, options)
        self._classifier = MaskClassifier(sessions(MaskClassifier.model))

    def estimate(self, faces: Sequence[Face]) -> list[Mask]:
        """See `EstimatingService.estimate`."""
        quarters = self._quarters.of(faces)
        return self._classifier.classify([face.image for face in faces], [face.bbox for face in faces], quarters)
