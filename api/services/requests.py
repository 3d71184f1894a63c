"""Bodies of the service routes before parsing; the submission thread parses them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

from jobs.factory import JobFactory, Submission
from jobs.job import Priority, RunOptions
from jobs.json_parsing import is_light, parse_object
from pipelines.dialects import Dialect


@dataclass(frozen=True, slots=True)
class ServiceSampleBody:
    """The body of a sample route: an `UnparsedRequest`."""

    service: str
    dialect: Dialect
    body: bytes

    @property
    def light(self) -> bool:
        """See `UnparsedRequest.light`."""
        return is_light(self.body)

    def parse(self, factory: JobFactory) -> Submission:
        """See `UnparsedRequest.parse`."""
        return Submission((self.service,), parse_object(self.body, factory.limits), self.dialect, _options(factory))


@dataclass(frozen=True, slots=True)
class ServiceImageForm:
    """The form of an image route: an `UnparsedRequest`.

    Attributes:
        sample: what a caller of the sample route would send beside the image.
        max_faces: see `JobSpec`.
    """

    service: str
    dialect: Dialect
    sample: Mapping[str, Any]
    image: bytes
    max_faces: int | None
    light: bool = True

    def parse(self, factory: JobFactory) -> Submission:
        """See `UnparsedRequest.parse`."""
        options = replace(_options(factory), max_faces=self.max_faces)
        return Submission((self.service,), self.sample, self.dialect, options, self.image)


def _options(factory: JobFactory) -> RunOptions:
    # A worker does not begin the job of a caller who has stopped waiting.
    deadline_s = ceil(factory.jobs.sync_timeout_s)
    return RunOptions(factory.jobs.sync_ttl_s, "string", priority=Priority.HIGH, deadline_s=deadline_s)
