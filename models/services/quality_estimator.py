"""Service `quality-assessment-estimator`: the quality of the photo of each face."""

from collections.abc import Sequence
from itertools import chain, groupby

from models.family import ModelFamily
from models.output import BBOX, IMAGE, LANDMARKS, POSE, Output
from models.quality.assessor import QualityAssessor
from models.quality.quality import Quality
from models.runtime.session import SessionSource
from models.service import EstimatingService, Face


class QualityAssessmentEstimator(EstimatingService[Quality]):
    """Measures how good the photo of each face is, in 29 numbers and flags."""

    name = "quality-assessment-estimator"
    family = ModelFamily.QUALITY
    needs = frozenset({IMAGE, BBOX, LANDMARKS, POSE})
    output = Output("quality", Quality)
    weights = QualityAssessor.models
    in_version_1_0 = True

    def __init__(self, sessions: SessionSource) -> None:
        self._assessor = QualityAssessor(sessions)

    def estimate(self, faces: Sequence[Face]) -> list[Quality]:
        """See `EstimatingService.estimate`; neighbouring faces of one image are measured together."""
        groups = [list(group) for _, group in groupby(faces, key=lambda face: id(face.image))]
        return list(chain.from_iterable(self._assessor.assess([group[0].image for group in groups], groups)))
