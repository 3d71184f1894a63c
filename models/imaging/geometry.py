"""Boxes, points and the maps between them. Pixels are cut out in `models.imaging.crops`.

Coordinates are continuous, x to the right and y down: (0, 0) is the outer corner of the first pixel, whose centre is
at (0.5, 0.5), and (width, height) is the opposite corner of the image.
"""

from dataclasses import dataclass, replace
from math import sqrt
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Box: TypeAlias = NDArray[np.float64]
"""(4,) float64: x1, y1, x2, y2."""

Points: TypeAlias = NDArray[np.float64]
"""(n, 2) float64: x, y."""

Matrix: TypeAlias = NDArray[np.float64]
"""(2, 3) float64: an affine map of column vectors (x, y, 1)."""

_GRID = 1024


def quantise(coordinates: ArrayLike) -> NDArray[np.float64]:
    """Round to 1/1024 pixel.

    Coordinates on this grid do not change on the way to relative coordinates and back: rounding removes the errors in
    the last bits, so that a crop made from them is the same to the bit.
    """
    return np.round(np.asarray(coordinates, np.float64) * _GRID) / _GRID


def angle(start: Points, end: Points) -> float:
    """The direction from one point (2,) to another in radians, clockwise from the x axis, in [-pi, pi]."""
    return float(np.arctan2(end[1] - start[1], end[0] - start[0]))


def similarity(source: Points, target: Points) -> Matrix:
    """The rotation, uniform scale and shift that bring `source` closest to `target` in the least-squares sense.

    Umeyama, "Least-squares estimation of transformation parameters between two point patterns", PAMI 1991; in the
    plane it has a closed form. It never mirrors. Points that all coincide have no scale and are only shifted.
    """
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    a, b = source - source_mean, target - target_mean
    spread = (a * a).sum()
    cosine = (a * b).sum() / spread if spread else 1.0
    sine = (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum() / spread if spread else 0.0
    linear = np.array([[cosine, -sine], [sine, cosine]])
    return np.column_stack([linear, target_mean - linear @ source_mean])


def apply(matrix: Matrix, points: Points) -> Points:
    """Map points (..., 2)."""
    return points @ matrix[:, :2].T + matrix[:, 2]


def inverse(matrix: Matrix) -> Matrix:
    """The inverse of an invertible map."""
    (a, b, x), (c, d, y) = matrix.tolist()
    undone: Matrix = np.array([[d, -b, b * y - d * x], [-c, a, c * x - a * y]]) / (a * d - b * c)
    return undone


def scale_of(matrix: Matrix) -> float:
    """The factor by which a map scales lengths: the geometric mean over both axes."""
    (a, b, _), (c, d, _) = matrix.tolist()
    return sqrt(abs(a * d - b * c))


@dataclass(frozen=True, slots=True)
class Region:
    """A rotated rectangle of an image.

    Attributes:
        centre: (2,) float64, x, y.
        size: (2,) float64, width and height along its own axes.
        turn: the angle of its own axes against those of the image, in radians, clockwise.
    """

    centre: Points
    size: Points
    turn: float = 0.0

    @classmethod
    def of_box(cls, box: Box, turn: float = 0.0) -> Self:
        """A box, rotated around its centre."""
        return cls((box[:2] + box[2:]) / 2, box[2:] - box[:2], turn)

    @classmethod
    def around(cls, points: Points, turn: float = 0.0) -> Self:
        """The smallest region with this angle that contains all points (n, 2)."""
        axes = _axes(turn)
        own = points @ axes.T
        low, high = own.min(axis=0), own.max(axis=0)
        return cls((low + high) / 2 @ axes, high - low, turn)

    def squared(self) -> Self:
        """The square with the longer side, around the same centre."""
        return replace(self, size=np.full(2, self.size.max()))

    def grown(self, factor: float) -> Self:
        """The region with both sides times `factor`, around the same centre."""
        return replace(self, size=self.size * factor)

    def to_square(self, side: float) -> Matrix:
        """The map that stretches the region over (0, 0) to (side, side); sides below a pixel count as one."""
        linear = side / np.maximum(self.size, 1.0)[:, None] * _axes(self.turn)
        return np.column_stack([linear, side / 2 - linear @ self.centre])


def _axes(turn: float) -> NDArray[np.float64]:
    """(2, 2): the unit vectors of axes that are rotated clockwise, as rows."""
    cosine, sine = np.cos(turn), np.sin(turn)
    return np.array([[cosine, sine], [-sine, cosine]])


@dataclass(frozen=True, slots=True)
class Letterbox:
    """The position of a scaled image in a canvas.

    Attributes:
        height: of the scaled image, in whole pixels of the canvas.
        width: of the scaled image, in whole pixels of the canvas.
        offset: pixels of the canvas left of the image and above it.
        scale: pixels of the canvas per pixel of the image along x and y; they differ by the rounding of the size.
    """

    height: int
    width: int
    offset: int
    scale: tuple[float, float]

    @classmethod
    def fit(cls, height: int, width: int, side: int, margin: float = 0.0) -> Self:
        """Scale (height, width) so that its longer side, with `margin` of it added at either end, measures `side`."""
        longer = max(height, width)
        factor = side / (longer * (1 + 2 * margin))
        scaled_height, scaled_width = max(round(height * factor), 1), max(round(width * factor), 1)
        offset = int(longer * margin * factor)
        return cls(scaled_height, scaled_width, offset, (scaled_width / width, scaled_height / height))

    def to_canvas(self, points: Points) -> Points:
        """Map points (..., 2) of the image into the canvas."""
        return points * self.scale + self.offset

    def to_image(self, points: Points) -> Points:
        """Map points (..., 2) of the canvas into the image; undoes `to_canvas`."""
        return (points - self.offset) / self.scale
