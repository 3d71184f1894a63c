"""Which of the objects that were found are those that are labelled."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from models.imaging.geometry import Box
from models.service import Found


@dataclass(frozen=True, slots=True)
class Target:
    """A labelled object.

    Attributes:
        bbox: (4,) float64, x1, y1, x2, y2 in pixels.
        size: in pixels; what is smaller than a task asks for is neither a success nor a failure.
    """

    bbox: Box
    size: float


def overlap(first: Box, second: Box) -> float:
    """Intersection over union."""
    shared = (np.minimum(first[2:], second[2:]) - np.maximum(first[:2], second[:2])).clip(0).prod()
    return float(shared / (np.prod(first[2:] - first[:2]) + np.prod(second[2:] - second[:2]) - shared))


def judged(
    found: Sequence[Found],
    targets: Sequence[Target],
    agree: Callable[[Box, Box], bool],
    size_of: Callable[[Box], float],
    least: float,
) -> list[tuple[float, bool]]:
    """Judge what was found in one photo.

    Surest first, each takes the target that it agrees with and overlaps most, of those that are left.

    Args:
        found: what was found.
        targets: what is labelled.
        agree: whether a found box means a labelled one.
        size_of: the size of a found box.
        least: smaller targets, and smaller boxes that agree with none, do not count.

    Returns:
        The confidence of each that counts, and whether it is right; a second one for the same target is not.
    """
    left = list(targets)
    scored = []
    for item in sorted(found, key=lambda each: -each.confidence):
        fitting = [target for target in left if agree(item.bbox, target.bbox)]
        if fitting:
            best = max(fitting, key=lambda target: overlap(item.bbox, target.bbox))
            left = [target for target in left if target is not best]
            if best.size >= least:
                scored.append((item.confidence, True))
        elif size_of(item.bbox) >= least:
            scored.append((item.confidence, False))
    return scored
