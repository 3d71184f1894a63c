"""Matches the boxes that a detector found with the labelled boxes of a photo."""

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
        size_px: side or height; a target below a task's minimum is neither a success nor a failure.
    """

    bbox: Box
    size_px: float


def overlap(first: Box, second: Box) -> float:
    """Intersection over union of two boxes."""
    shared = (np.minimum(first[2:], second[2:]) - np.maximum(first[:2], second[:2])).clip(0).prod()
    return float(shared / (np.prod(first[2:] - first[:2]) + np.prod(second[2:] - second[:2]) - shared))


def match_boxes(
    found: Sequence[Found],
    targets: Sequence[Target],
    agree: Callable[[Box, Box], bool],
    size_px_of: Callable[[Box], float],
    min_px: float,
) -> list[tuple[float, bool]]:
    """Matches the boxes of one photo.

    Boxes are matched in the order of falling confidence. Each takes, of the targets that are still free and that it
    agrees with, the one that it overlaps most.

    Args:
        found: the objects that the detector found.
        targets: the labelled objects.
        agree: says whether a found box shows the same object as a labelled one.
        size_px_of: the size of a found box.
        min_px: smaller targets, and smaller boxes that agree with no target, do not count.

    Returns:
        The confidence of each box that counts, and whether it is right. A second box on the same target is wrong.
    """
    free = list(targets)
    scored = []
    for item in sorted(found, key=lambda each: -each.confidence):
        fitting = [target for target in free if agree(item.bbox, target.bbox)]
        if fitting:
            best = max(fitting, key=lambda target: overlap(item.bbox, target.bbox))
            free = [target for target in free if target is not best]
            if best.size_px >= min_px:
                scored.append((item.confidence, True))
        elif size_px_of(item.bbox) >= min_px:
            scored.append((item.confidence, False))
    return scored
