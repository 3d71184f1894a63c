"""How soft a picture of a face is: blurred, out of focus, or drawn larger than it was."""

from math import sqrt

import cv2
import numpy as np

from models.image import Image
from models.session import FloatArray

_REBLUR = 9
_TILE = 16
_FLATTEST_PERCENT = 25
# Squared grey levels per pixel. A picture that changes by less changes in single steps of one grey level, which would
# pass for edges; photos of faces have more than that.
_LEAST_ENERGY = 1.0


def softness(image: Image) -> float:
    """The share of the edges of a square picture (h, h, 3) that outlasts a blur, in [0, 1]: high where it is soft.

    Crété et al., "The blur effect: perception and estimation with a new no-reference perceptual blur metric", 2007, on
    squared differences of neighbours, less those of the flattest quarter: noise would pass for edges.
    """
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.float32)
    return max(_kept(grey), _kept(np.ascontiguousarray(grey.T)))


def _kept(grey: FloatArray) -> float:
    """The share of the differences between rows that a blur across the rows leaves."""
    before = _energy(grey)
    after = _energy(np.asarray(cv2.blur(grey, (1, _REBLUR), borderType=cv2.BORDER_REPLICATE), np.float32))
    return sqrt(min(max(after, 0) / before, 1)) if before > _LEAST_ENERGY else 1.0


def _energy(grey: FloatArray) -> float:
    """The mean squared difference between rows, above that of the flattest quarter."""
    squares = np.square(np.diff(grey, axis=0))
    count = len(squares) // _TILE
    inside = squares[: count * _TILE, : count * _TILE]
    tiles = inside.reshape(count, _TILE, count, _TILE).mean(axis=(1, 3))
    return float(tiles.mean() - np.percentile(tiles, _FLATTEST_PERCENT))
