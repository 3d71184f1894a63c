"""Estimates a run from some of its photos, without running it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from random import Random

from bulk.inputs import Input
from bulk.output.folder import FailedInput
from bulk.passed_over import PassedOver
from bulk.run import BulkRequest
from bulk.timing import time_photos
from bulk.validation import PhotoValidator
from config.settings import Settings
from jobs.factory import CheckedSample
from pipelines.chunk import Failure

SAMPLE_SIZE = 16
"""So many photos, spread over the run, are checked and timed."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run is expected to take.

    Attributes:
        inputs: photos of the run.
        passed_over: files of the source that are no photos of the run.
        failed: how many of the checked photos fail the checks.
        seconds: of the rest of the run on this machine, with the start and the end of the stack; None if that was not
            asked for, or all photos that were checked fail.
    """

    inputs: int
    chunks: int
    passed_over: PassedOver
    failed: Sequence[FailedInput]
    seconds: float | None


def estimate(request: BulkRequest, validator: PhotoValidator, settings: Settings | None, done: int) -> Estimate:
    """Count the photos, check some of them, and time the services on these.

    Args:
        request: of the run.
        validator: checks the photos, and has the services to run.
        settings: of a stack on this machine; None if another machine does the work, which cannot be timed here.
        done: chunks that an earlier run has done.

    Raises:
        InvalidSource: the source cannot be read.
        ModelError: a model is missing or does not load.
    """
    passed_over = PassedOver()
    inputs, some = _sampled(request.order.inputs(request.source, passed_over), SAMPLE_SIZE)
    checked = validator.check(some, by_reference=False)
    valid = [outcome for outcome in checked if isinstance(outcome, CheckedSample)]
    failed = [(photo, outcome) for photo, outcome in zip(some, checked, strict=True) if isinstance(outcome, Failure)]
    chunks = ceil(inputs / request.order.chunk)
    left = max(0, inputs - done * request.order.chunk)
    seconds = None
    if settings and valid:
        timing = time_photos(valid, settings) if left else None
        seconds = timing.run_s(left, request.order.chunk) if timing else 0.0
    return Estimate(inputs, chunks, passed_over, failed, seconds)


def _sampled(photos: Iterable[Input], size: int) -> tuple[int, list[Input]]:
    """The number of photos, and `size` of them in their order, each with the same probability.

    Vitter, Random sampling with a reservoir, ACM TOMS 11 (1985), algorithm R; the seed is fixed.
    """
    random = Random(0)
    count = 0
    held: list[tuple[int, Input]] = []
    for count, photo in enumerate(photos, start=1):
        if len(held) < size:
            held.append((count, photo))
        elif (index := random.randrange(count)) < size:
            held[index] = (count, photo)
    return count, [photo for _, photo in sorted(held, key=lambda numbered: numbered[0])]
