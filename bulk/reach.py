"""Finds out whether the workers of a deployment read the same photos behind references as are read here."""

from collections.abc import Sequence
from logging import getLogger
from math import isclose

from bulk.desk import Desk
from bulk.fleet import Fleet
from bulk.inputs import Input
from pipelines.chunk import Failure, Item
from pipelines.sample import Sample
from pipelines.submission import Checked

log = getLogger(__name__)

WAIT_S = 1.0
_NEAR = 0.01
"""How far boxes of one face may be apart, in shares of the photo."""


def reached(fleet: Fleet, desk: Desk, photos: Sequence[Input]) -> bool:
    """Whether they do, as the first photo tells that can be used at all.

    It goes both ways, and both have to give the same: another machine may have another photo under the same path.

    Args:
        fleet: of the workers.
        desk: judges photos.
        photos: to choose from. Where none can be read here, the workers are asked for all of them.

    Raises:
        StorageError: nobody answered.
        FleetLost: the deployment refuses what is sent.
    """
    for photo in photos:
        (carried,) = desk.check([photo], by_reference=False)
        (referring,) = desk.check([photo], by_reference=True)
        if isinstance(carried, Failure) or isinstance(referring, Failure):
            continue
        log.info("asking whether the workers reach the photos")
        same = _same(fleet, referring, carried)
        log.info("the workers read photos themselves" if same else "photos are sent along")
        return same
    return True


def _same(fleet: Fleet, referring: Checked, carried: Checked) -> bool:
    one, other = (_come_back(fleet, photo) for photo in (referring, carried))
    if one is None or other is None:
        return False
    return (one.failures, one.dead) == (other.failures, other.dead) and _alike(one.sample, other.sample)


def _alike(one: Sample, other: Sample) -> bool:
    """Whether two results are of one photo; those of two processors are, though they are not equal."""
    if (one.size, len(one.objects)) != (other.size, len(other.objects)):
        return False
    boxes = [(first.bbox or (), second.bbox or ()) for first, second in zip(one.objects, other.objects, strict=True)]
    return all(
        len(first) == len(second) and all(isclose(a, b, abs_tol=_NEAR) for a, b in zip(first, second, strict=True))
        for first, second in boxes
    )


def _come_back(fleet: Fleet, photo: Checked) -> Item | None:
    ticket = fleet.send([photo])
    try:
        while (ended := fleet.look(ticket)) is None:
            fleet.ended(WAIT_S)
        return ended.items[0] if ended.items else None
    finally:
        fleet.forget(ticket)
