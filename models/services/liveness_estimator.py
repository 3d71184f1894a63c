"""Service `liveness-estimator`: whether each face is there in person."""

from collections.abc import Sequence

from models.family import ModelFamily
from models.networks.liveness import LIVENESS, Liveness, LivenessClassifier
from models.output import BBOX, IMAGE, LANDMARKS, POSE
from models.runtime.session import SessionSource
from models.service import EstimatingService, Face


class LivenessEstimator(EstimatingService[Liveness]):
    """Estimates whether each face is there in person or is a picture of a face."""

    name = "liveness-estimator"
    family = ModelFamily.LIVENESS
    needs = frozenset({IMAGE, BBOX, LANDMARKS, POSE})
    output = LIVENESS
    weights = LivenessClassifier.models
    optional_weights = LivenessClassifier.preferred_models

    def __init__(self, sessions: SessionSource) -> None:
        self._classifier = LivenessClassifier(sessions)

    def estimate(self, faces: Sequence[Face]) -> list[Liveness]:
        """See `EstimatingService.estimate`."""
        quarters = [face.quarter or 0 for face in faces]
        return self._classifier.classify([face.image for face in faces], [face.bbox for face in faces], quarters)
