"""What a model gives for a probe, in a few figures per output: they tell a right conversion from a wrong one."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from models.runtime.session import FloatArray

Fingerprint = Mapping[str, Sequence[float]]
"""The figures of each output by its name."""


def figures(output: FloatArray, count: int = 8) -> list[float]:
    """The mean of an output, its largest magnitude, and up to `count` of its values at even distances."""
    flat = output.astype(np.float64).reshape(-1)
    places = np.linspace(0, flat.size - 1, min(count, flat.size)).round().astype(int)
    return [float(flat.mean()), peak(output), *flat[places].tolist()]


def peak(output: FloatArray) -> float:
    """The largest magnitude in an output."""
    return float(np.abs(output).max())


def deviation(found: ArrayLike, expected: ArrayLike, largest: float) -> float:
    """How far values are off, as a share of the largest magnitude among those that they come from.

    Magnitudes below 0.01 count as 0.01: engines approximate a sigmoid to about 1e-7, whatever it comes to.
    """
    return float(np.abs(np.subtract(found, expected)).max()) / max(largest, 0.01)
