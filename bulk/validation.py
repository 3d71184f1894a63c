"""Judges photos before they are sent, as the API does; those that cannot work go no further."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from bulk.inputs import Input
from jobs.factory import Checked, JobFactory, Options, Submission
from jobs.job import JobGroup, NewJob, new_job_id
from jobs.reference import Reference
from models.errors import InvalidRequest
from pipelines.chunk import Failure
from pipelines.dialects import DIALECTS
from pipelines.plan import Plan

_ANY = Input("any", Reference("/any"))
READERS = 8
"""How many photos are read at a time: from object storage each takes its time."""


@dataclass(frozen=True, slots=True)
class PhotoValidator:
    """Checks photos and makes jobs of them.

    Attributes:
        intake: of the deployment.
        services: that are asked for, in order.
        options: of the jobs.
        run: names the whole that the jobs are parts of.
    """

    intake: JobFactory
    services: Sequence[str]
    options: Options
    run: str = field(default_factory=lambda: f"bulk-{new_job_id()}")

    @property
    def may_refer(self) -> bool:
        """Whether photos may go by reference: a service that bounds their size wants them judged before."""
        return all(self.intake.catalogue[name].max_pixels is None for name in self.services)

    @property
    def plan(self) -> Plan:
        """What is done to each photo.

        Raises:
            InvalidSample: the services make no pipeline for photos.
        """
        return self.intake.check(self._referring(_ANY)).plan

    def check(self, photos: Sequence[Input], *, by_reference: bool) -> list[Checked | Failure]:
        """Judge photos; whoever does not go by reference is read."""
        if by_reference:
            return [self._judge(self._referring, photo) for photo in photos]
        with ThreadPoolExecutor(READERS) as readers:
            return list(readers.map(lambda photo: self._judge(self._carrying, photo), photos))

    def gather(self, photos: Sequence[Checked]) -> NewJob:
        """Make one job of photos."""
        options = replace(self.options, group=JobGroup(kind="bulk", id=self.run))
        return self.intake.gather(photos, DIALECTS["v2"], options)

    def _judge(self, submission: Callable[[Input], Submission], photo: Input) -> Checked | Failure:
        try:
            return self.intake.check(submission(photo))
        except InvalidRequest as error:
            return Failure(service=None, type=error.type, message=str(error))

    def _referring(self, photo: Input) -> Submission:
        return Submission(self.services, {}, DIALECTS["v2"], self.options, source=str(photo.reference))

    def _carrying(self, photo: Input) -> Submission:
        image = photo.reference.read(self.intake.limits.image_bytes)
        return Submission(self.services, {}, DIALECTS["v2"], self.options, image)
