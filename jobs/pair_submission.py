"""A submission of two photos or templates, whose faces are compared in one job."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from jobs.factory import CheckedSample, JobFactory, Submission
from jobs.idempotency import RequestKey
from jobs.job import RunOptions
from models.errors import InvalidRequest
from models.output import TEMPLATE
from models.services.verify_matcher import VerifyMatcher
from pipelines.dialects import DIALECTS
from pipelines.errors import Detail, InvalidSample
from pipelines.pair import MATCHER, SIDES, PairRules, label
from pipelines.plan import Plan, Step
from pipelines.sample import Sample, SampleObject

_MATCHING = Step(service=MATCHER, asked=True, finds=False, fields=(VerifyMatcher.output.name,))


@dataclass(frozen=True, slots=True)
class PairSide:
    """A photo or a template.

    Attributes:
        image: encoded; None for a template.
        template: as `models.networks.template.encode` writes it; None for a photo.
    """

    image: bytes | None = None
    template: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairSubmission(Submission):
    """Two sides, and the rules by which they are compared.

    Attributes:
        sides: in the order of `SIDES`.
    """

    sides: Sequence[PairSide]
    rules: PairRules

    @classmethod
    def of(
        cls, sides: Sequence[PairSide], rules: PairRules, options: RunOptions, key: RequestKey | None = None
    ) -> Self:
        """The submission of a job with these options."""
        photos = any(side.image is not None for side in sides)
        return cls(
            services=(*(rules.photo_services if photos else ()), MATCHER),
            body={},
            dialect=DIALECTS["v2"],
            options=replace(options, max_faces=rules.max_faces, pair=rules),
            key=key,
            sides=sides,
            rules=rules,
        )

    def check(self, factory: JobFactory) -> Sequence[CheckedSample]:
        """The samples of both sides, checked.

        Raises:
            InvalidRequest: as `JobFactory.check` does; the message says which side is wrong.
            InvalidSample: the rules ask something of a side that a template does not show.
        """
        self._check_rules()
        checked = [self._check_side(factory, name, side) for name, side in zip(SIDES, self.sides, strict=True)]
        photo_steps = next((one.plan.steps for one in checked if one.plan.steps), ())
        return [replace(one, plan=Plan(steps=(*photo_steps, _MATCHING))) for one in checked]

    def _check_rules(self) -> None:
        asked = {"min_quality": self.rules.min_quality is not None, "require_live": self.rules.require_live}
        for name in (name for name, is_asked in asked.items() if is_asked):
            for index, side in zip(SIDES, self.sides, strict=True):
                if side.image is None:
                    message = f"{label(index, photo=False)} has no photo that could be checked"
                    raise InvalidSample([Detail(loc=[name], msg=message, type="needs_photo")])

    def _check_side(self, factory: JobFactory, name: str, side: PairSide) -> CheckedSample:
        if side.template is not None:
            face = SampleObject()
            TEMPLATE.put(face, side.template)
            return CheckedSample(Plan(steps=()), Sample(objects=[face]), {}, None)
        photo = Submission(self.rules.photo_services, {}, self.dialect, self.options, side.image)
        try:
            return factory.check(photo)
        except InvalidSample:
            raise
        except InvalidRequest as error:
            raise type(error)(f"{label(name, photo=True)}: {error}") from error
