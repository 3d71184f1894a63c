"""Pairs: two photos or templates whose faces are compared in one job (docs/decisions/0025).

Each side is an item of the job's chunk. The services of the photos run on the items as they do in other jobs; a side
that came as a template has no image, and those services leave it as it is. The matching service runs last, on both
items together. The job fails with its first item: one side alone cannot be compared.
"""

from collections.abc import Sequence
from typing import Literal

from pydantic import ConfigDict

from models.calibration.operating_points import DEFAULT_PURPOSE, Purpose
from models.networks.liveness import LIVENESS
from models.output import TEMPLATE
from models.service import DetectingService, MatchingService, Service
from models.services.face_fitter import FaceFitter
from models.services.liveness_estimator import LivenessEstimator
from models.services.quality_estimator import QualityAssessmentEstimator
from models.services.template_extractor import TemplateExtractor
from models.services.verify_matcher import VerifyMatcher
from pipelines.chunk import Failure, Item
from pipelines.sample import Canonical

SIDES = ("a", "b")
"""The names of the two sides, in the order of their items."""
MATCHER = VerifyMatcher.name
"""The last service of each pair."""

WhichFace = Literal["largest", "single"]
"""Which face of a photo is compared. single: a photo with several faces is refused."""


class PairRules(Canonical):
    """What is compared, and what the photos must be.

    Attributes:
        operating_point: the purpose whose threshold decides whether the faces match.
        faces: which face of a photo is compared.
        min_quality: the lowest total score of a photo, from 0 to 100; None asks for none.
        require_live: whether the faces must be there in person.
    """

    model_config = ConfigDict(frozen=True)

    operating_point: Purpose = DEFAULT_PURPOSE
    faces: WhichFace = "largest"
    min_quality: int | None = None
    require_live: bool = False

    @property
    def photo_services(self) -> tuple[str, ...]:
        """The services that run on a photo, in their order."""
        names = [FaceFitter.name]
        if self.min_quality is not None:
            names.append(QualityAssessmentEstimator.name)
        if self.require_live:
            names.append(LivenessEstimator.name)
        return (*names, TemplateExtractor.name)

    @property
    def max_faces(self) -> int:
        """How many faces of a photo are kept: two show that there are several."""
        return 1 if self.faces == "largest" else 2


def refusal(service: Service, item: Item, rules: PairRules) -> Failure | None:
    """Why a photo is refused after a service has run on it; None if it is not."""
    faces = item.sample.objects
    if isinstance(service, DetectingService):
        if not faces:
            return Failure(service=service.name, type="no_face", message="No face detected")
        if len(faces) > 1:
            return Failure(service=service.name, type="several_faces", message="More than one face detected")
        return None
    (face,) = faces
    if service.name == QualityAssessmentEstimator.name and rules.min_quality is not None:
        quality = QualityAssessmentEstimator.output.of(face)
        if quality is not None and quality.total_score < rules.min_quality:
            message = (
                f"Low image quality. Calculated score value ({quality.total_score}) "
                f"is less than the threshold ({rules.min_quality})"
            )
            return Failure(service=service.name, type="low_quality", message=message)
    if service.name == LivenessEstimator.name and rules.require_live:
        liveness = LIVENESS.of(face)
        if liveness is not None and liveness.value != "real":
            message = f"The face is not live: it is real with a confidence of {liveness.confidence:.2f}"
            return Failure(service=service.name, type="not_live", message=message)
    return None


def compare(matcher: MatchingService[object], items: Sequence[Item]) -> None:
    """Compare the faces of the two items; both samples get the answer.

    Raises:
        InvalidRequest: a template is not one of ours.
    """
    first, second = (TEMPLATE.of(item.sample.objects[0]) for item in items)
    assert first is not None, "the services of the photos give the templates"
    assert second is not None
    (value,) = matcher.match([(first, second)])
    for item in items:
        matcher.output.put(item.sample, value)


def failure_of(items: Sequence[Item]) -> Failure | None:
    """Why the comparison fails, with the side in its message; None if no side has failed."""
    for side, item in zip(SIDES, items, strict=True):
        if item.failed:
            failure = item.failures[-1]
            return failure.model_copy(update={"message": f"{label(side, photo=bool(item.image))}: {failure.message}"})
    return None


def label(side: str, *, photo: bool) -> str:
    """How messages name a side: `photo a`, or `template a`."""
    return f"{'photo' if photo else 'template'} {side}"
