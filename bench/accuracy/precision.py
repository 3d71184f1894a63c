"""The threshold at which the boxes of a detector are precise, also on other photos than those it is chosen on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_PRECISION = 0.9
_THRESHOLDS = np.round(np.arange(0.1, 0.9, 0.01), 2)
_RESAMPLINGS = 1000
_CERTAINTY = 0.8


@dataclass(frozen=True, slots=True)
class Scored:
    """The boxes that were found in a photo.

    Attributes:
        boxes: the confidence of each box, and whether it is right.
        targets: the number of labelled objects.
    """

    boxes: list[tuple[float, bool]]
    targets: int


def counts_at(photos: Sequence[Scored], threshold: float) -> NDArray[np.float64]:
    """The number of right boxes above a threshold, of wrong ones, and of labelled objects: (3,)."""
    above = [right for photo in photos for score, right in photo.boxes if score > threshold]
    return np.array([sum(above), len(above) - sum(above), sum(photo.targets for photo in photos)], np.float64)


def precise_threshold(photos: Sequence[Scored]) -> float:
    """The lowest threshold with a precision of at least 0.9 in four of five resamplings of the photos.

    Chosen on the photos as they are, the precision would be lower on every second set of other photos (bootstrap:
    Efron, 1979). The resamplings are the same in each run.
    """
    random = np.random.default_rng(0)
    drawn = random.multinomial(len(photos), np.full(len(photos), 1 / len(photos)), _RESAMPLINGS)
    counts = np.array([[counts_at([photo], each)[:2] for each in _THRESHOLDS] for photo in photos])
    right, wrong = np.moveaxis(np.tensordot(drawn, counts, axes=1), -1, 0)
    precise = (right >= LEAST_PRECISION * (right + wrong)).mean(axis=0) >= _CERTAINTY
    return float(_THRESHOLDS[int(precise.argmax())] if precise.any() else _THRESHOLDS[-1])
