"""Finds out whether the workers of a deployment read the same photos behind references as are read here."""

from collections.abc import Sequence
from logging import getLogger

from bulk.executors.executor import Executor
from bulk.inputs import Input
from bulk.validation import PhotoValidator
from jobs.factory import Checked
from pipelines.chunk import Failure, Item

log = getLogger(__name__)

WAIT_S = 1.0


def reached(executor: Executor, validator: PhotoValidator, photos: Sequence[Input]) -> bool:
    """Whether they do, as the first photo tells that can be used at all.

    It goes both ways, and both have to give the same: another machine may have another photo under the same path.

    Args:
        executor: of the workers.
        validator: judges photos.
        photos: to choose from. Where none can be read here, the workers are asked for all of them.

    Raises:
        StorageError: nobody answered.
        ExecutorLost: the deployment refuses what is sent.
    """
    for photo in photos:
        (carried,) = validator.check([photo], by_reference=False)
        (referring,) = validator.check([photo], by_reference=True)
        if isinstance(carried, Failure) or isinstance(referring, Failure):
            continue
        log.info("asking whether the workers reach the photos")
        same = _same(executor, referring, carried)
        log.info("the workers read photos themselves" if same else "photos are sent along")
        return same
    return True


def _same(executor: Executor, referring: Checked, carried: Checked) -> bool:
    # One after the other: beside each other they may share a batch, and differ in their last digits.
    one, other = (_come_back(executor, photo) for photo in (referring, carried))
    if one is None or other is None:
        return False
    return (one.sample, one.failures, one.dead) == (other.sample, other.failures, other.dead)


def _come_back(executor: Executor, photo: Checked) -> Item | None:
    ticket = executor.send([photo])
    try:
        while (ended := executor.look(ticket)) is None:
            executor.ended(WAIT_S)
        return ended.items[0] if ended.items else None
    finally:
        executor.forget(ticket)
