"""Checks photos before they are sent, with the rules of the API; a photo that fails is not sent."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from broker.queues import FamilyQueues
from bulk.inputs import Input
from config.settings import Settings
from jobs.factory import CheckedSample, JobFactory, Submission
from jobs.job import OnError, Priority, RunOptions
from jobs.reference import Reference
from models.catalogue import services
from models.errors import InvalidRequest
from pipelines.chunk import Failure
from pipelines.dialects import DIALECTS
from pipelines.plan import Plan

_ANY = Input("any", Reference("/any"))
READERS = 8
"""How many photos are read at a time: reading from object storage is mostly waiting."""


@dataclass(frozen=True, slots=True)
class PhotoValidator:
    """Checks photos for one pipeline of services.

    Attributes:
        factory: checks submissions as the deployment does.
        services: of the pipeline, in order.
        options: of the jobs.
    """

    factory: JobFactory
    services: Sequence[str]
    options: RunOptions

    @property
    def may_refer(self) -> bool:
        """Whether photos may go by reference: a service that limits the size of images needs them checked before."""
        return all(self.factory.catalogue[name].max_pixels is None for name in self.services)

    @property
    def plan(self) -> Plan:
        """The plan for a photo.

        Raises:
            InvalidSample: the services make no pipeline for photos.
        """
        return self.factory.check(self._referring(_ANY)).plan

    def check(self, photos: Sequence[Input], *, by_reference: bool) -> list[CheckedSample | Failure]:
        """Check photos; unless they go by reference, their bytes are read."""
        if by_reference:
            return [self._checked(self._referring, photo) for photo in photos]
        with ThreadPoolExecutor(READERS) as readers:
            return list(readers.map(lambda photo: self._checked(self._carrying, photo), photos))

    def _checked(self, submission: Callable[[Input], Submission], photo: Input) -> CheckedSample | Failure:
        try:
            return self.factory.check(submission(photo))
        except InvalidRequest as error:
            return Failure(service=None, type=error.type, message=str(error))

    def _referring(self, photo: Input) -> Submission:
        photo.reference.check()
        return Submission(self.services, {}, DIALECTS["v2"], self.options, reference=str(photo.reference))

    def _carrying(self, photo: Input) -> Submission:
        image = photo.reference.read(self.factory.limits.image_bytes)
        return Submission(self.services, {}, DIALECTS["v2"], self.options, image)


def photo_validator(settings: Settings, names: Sequence[str], on_error: OnError) -> PhotoValidator:
    """The validator of a deployment with these settings, for a pipeline of the named services."""
    # The jobs of a run wait behind more urgent ones, as those of a batch do; so they get the deadline of a batch.
    jobs = settings.jobs.model_copy(update={"deadline_s": settings.batches.deadline_s})
    # Where the queues are does not matter to a check.
    factory = JobFactory(services(settings.modules), jobs, settings.limits, FamilyQueues(co_locate=True).prefix)
    return PhotoValidator(factory, names, RunOptions(jobs.ttl_s, "number", on_error, priority=Priority.BULK))
