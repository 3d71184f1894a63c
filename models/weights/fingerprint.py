"""Fingerprints of models: what a model gives for a drawn face, as a few figures of each output.

They show whether a model was converted rightly: a wrong conversion changes them.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from models.runtime.session import FloatArray

Fingerprint = Mapping[str, Sequence[float]]
"""The figures of each output, by its name."""

_BACKGROUND = (0.35, 0.4, 0.45)
# Of each ellipse centre x, y and radius x, y in image widths and heights, and colour; later ones cover earlier ones.
_FACE = (
    (0.0, 0.02, 0.27, 0.36, (0.85, 0.65, 0.55)),
    (0.0, -0.28, 0.3, 0.17, (0.2, 0.13, 0.1)),
    (-0.11, -0.13, 0.07, 0.015, (0.45, 0.3, 0.25)),
    (0.11, -0.13, 0.07, 0.015, (0.45, 0.3, 0.25)),
    (-0.11, -0.06, 0.05, 0.022, (0.25, 0.15, 0.1)),
    (0.11, -0.06, 0.05, 0.022, (0.25, 0.15, 0.1)),
    (0.0, 0.02, 0.015, 0.08, (0.95, 0.75, 0.65)),
    (0.0, 0.09, 0.045, 0.02, (0.6, 0.4, 0.3)),
    (0.0, 0.2, 0.09, 0.02, (0.7, 0.25, 0.2)),
)
_NOISE = 0.2


def figures(output: FloatArray, count: int = 8) -> list[float]:
    """The mean of an output, its largest magnitude, and up to `count` of its values at even distances."""
    flat = output.astype(np.float64).reshape(-1)
    indices = np.linspace(0, flat.size - 1, min(count, flat.size)).round().astype(int)
    return [float(flat.mean()), peak(output), *flat[indices].tolist()]


def peak(output: FloatArray) -> float:
    """The largest magnitude in an output."""
    return float(np.abs(output).max())


def deviation(found: ArrayLike, expected: ArrayLike, largest: float) -> float:
    """The largest difference between values, as a share of the largest magnitude of the output.

    A magnitude below 0.01 counts as 0.01: engines approximate a sigmoid to about 1e-7, however small its value.
    """
    return float(np.abs(np.subtract(found, expected)).max()) / max(largest, 0.01)


def probe(row: Sequence[int | None], value_range: tuple[float, float], seed: int) -> FloatArray:
    """One row of a model's input, the same on each machine: a drawn face under noise.

    For noise alone, the outputs of most networks are near their least or largest value, for a wrong network too.

    Args:
        row: the shape, channels first or last; a free length becomes 256 on axis 1 and 320 on axis 2.
        value_range: what black and white become.
        seed: of the noise.
    """
    shape = [length or 64 * (axis + 3) for axis, length in enumerate(row)]
    channels_first = shape[0] <= 3
    height, width = shape[1:] if channels_first else shape[:2]
    channels = shape[0] if channels_first else shape[2]
    # The stream of RandomState is frozen, unlike that of default_rng.
    noise = np.random.RandomState(seed).random_sample((height, width, channels))
    image = (1 - _NOISE) * _drawn_face(height, width)[..., :channels] + _NOISE * noise
    low, high = value_range
    pixels = (low + (high - low) * image).astype(np.float32)
    return pixels.transpose(2, 0, 1) if channels_first else pixels


def _drawn_face(height: int, width: int) -> FloatArray:
    """(h, w, 3) in [0, 1]."""
    y = (np.arange(height)[:, None] + 0.5) / height - 0.5
    x = (np.arange(width)[None, :] + 0.5) / width - 0.5
    image = np.tile(np.array(_BACKGROUND), (height, width, 1))
    for centre_x, centre_y, radius_x, radius_y, colour in _FACE:
        distance = ((x - centre_x) / radius_x) ** 2 + ((y - centre_y) / radius_y) ** 2
        opacity = np.exp(-(distance**4))[..., None]
        image = (1 - opacity) * image + opacity * np.array(colour)
    return image
