"""Service: whether faces are there in person."""

from collections.abc import Sequence

from models.family import ModelFamily
from models.field import Field
from models.networks.liveness import Liveness, LivenessJudge
from models.runtime.session import SessionSource
from models.service import EstimatingService, Face


class LivenessEstimator(EstimatingService[Liveness]):
    """Tells of each face whether it is there in person, or a picture of one."""

    name = "liveness-estimator"
    family = ModelFamily.LIVENESS
    needs = frozenset({Field.IMAGE, Field.BBOX, Field.LANDMARKS, Field.POSE})
    gives = frozenset({Field.LIVENESS})
    weights = LivenessJudge.models
    optional_weights = LivenessJudge.preferred_models

    def __init__(self, sessions: SessionSource) -> None:
        self._judge = LivenessJudge(sessions)

    def estimate(self, faces: Sequence[Face]) -> list[Liveness]:
        """See `EstimatingService.estimate`."""
        return self._judge.judge([face.image for face in faces], [face.bbox for face in faces])
