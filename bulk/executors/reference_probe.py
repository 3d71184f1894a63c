"""Finds out whether the workers of a deployment can read the photos by reference."""

from collections.abc import Sequence
from contextlib import suppress
from logging import getLogger
from math import isclose
from time import monotonic, sleep

from bulk.executors.executor import LOST_AFTER_S, Executor, Outcome
from bulk.inputs import Input
from bulk.validation import PhotoValidator
from jobs.errors import StorageError
from jobs.factory import CheckedSample
from pipelines.chunk import Failure, Item
from pipelines.sample import Sample

log = getLogger(__name__)

WAIT_S = 1.0
_MAX_SHIFT = 0.01
"""How much the boxes of a face may differ between two runs, relative to the photo."""


def workers_reach(executor: Executor, validator: PhotoValidator, photos: Sequence[Input]) -> bool:
    """Whether the workers read the same photos behind the references as this machine does.

    The first valid photo is run twice, by reference and with its bytes. Both results have to be alike: another machine
    may have another photo under the same path.

    Args:
        executor: of the workers.
        validator: checks the photos.
        photos: the candidates. If none is valid here, the answer is yes, and the workers report the failures.

    Raises:
        StorageError: the deployment did not answer for `LOST_AFTER_S`.
        ExecutorLost: the deployment refuses the photo.
    """
    for photo in photos:
        (carried,) = validator.check([photo], by_reference=False)
        (referring,) = validator.check([photo], by_reference=True)
        if isinstance(carried, Failure) or isinstance(referring, Failure):
            continue
        log.info("test started: workers read one photo by reference")
        same = _same(executor, referring, carried)
        log.info("workers read the photos" if same else "workers do not reach the photos: their bytes are sent")
        return same
    return True


def _same(executor: Executor, referring: CheckedSample, carried: CheckedSample) -> bool:
    one, other = (_result(executor, photo) for photo in (referring, carried))
    if one is None or other is None:
        return False
    return (one.failures, one.failed) == (other.failures, other.failed) and _alike(one.sample, other.sample)


def _alike(one: Sample, other: Sample) -> bool:
    """Whether two results are of the same photo: on two processors they are close, and not equal."""
    if (one.size, len(one.objects)) != (other.size, len(other.objects)):
        return False
    boxes = [(first.bbox or (), second.bbox or ()) for first, second in zip(one.objects, other.objects, strict=True)]
    return all(
        len(first) == len(second) and all(isclose(a, b, abs_tol=_MAX_SHIFT) for a, b in zip(first, second, strict=True))
        for first, second in boxes
    )


def _result(executor: Executor, photo: CheckedSample) -> Item | None:
    ticket = executor.send([photo])
    try:
        outcome = _outcome(executor, ticket)
    finally:
        # What is not erased now is gone after its TTL.
        with suppress(StorageError):
            executor.erase(ticket)
    return outcome.items[0] if outcome.items else None


def _outcome(executor: Executor, ticket: str) -> Outcome:
    answered_at = monotonic()
    while True:
        try:
            if (outcome := executor.outcome(ticket)) is not None:
                return outcome
            executor.ended(WAIT_S)
            answered_at = monotonic()
        except StorageError:
            if monotonic() - answered_at > LOST_AFTER_S:
                raise
            sleep(WAIT_S)
