"""How soft a picture of a face is: blurred, out of focus, or drawn larger than it was."""

from math import sqrt

import cv2
import numpy as np

from models.imaging.decode import Image
from models.runtime.session import FloatArray

REACH = 4
"""Pixels around each one that the blur looks at."""

_REBLUR = 2 * REACH + 1
_TILE = 16
_FLATTEST = 0.25
# Squared grey levels per pixel. A picture that changes by less changes in single steps of one grey level, which would
# pass for edges; photos of faces have more than that.
_LEAST_ENERGY = 1.0


def softness(image: Image) -> float:
    """The share of the edges of a square picture (h, h, 3) that outlasts a blur, in [0, 1]: high where it is soft."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    padded = cv2.copyMakeBorder(grey, REACH, REACH, REACH, REACH, cv2.BORDER_REPLICATE)
    return edges_kept(padded.astype(np.float32), _LEAST_ENERGY)


def edges_kept(grey: FloatArray, least_energy: float) -> float:
    """The share of the edges of a square picture that outlasts a blur, in [0, 1]; 1 if it has none.

    Crété et al., "The blur effect: perception and estimation with a new no-reference perceptual blur metric", 2007: the
    differences of neighbours shrink by a box blur over nine pixels, much where the picture was sharp, little where it
    was blurred before; the blurrier of the two directions counts. Unlike there, differences are squared, and those of
    the flattest quarter, which are noise, are taken off first: else noise, which a blur removes wholly, would pass for
    sharpness.

    Args:
        grey: (h + 8, h + 8), with four more pixels on each side than are judged.
        least_energy: squared grey levels per pixel; a picture with less is flat.
    """
    return max(_kept(grey, least_energy), _kept(np.asarray(cv2.transpose(grey), np.float32), least_energy))


def _kept(grey: FloatArray, least_energy: float) -> float:
    """The share of the differences between rows that a blur across the rows leaves."""
    before = _energy(grey[REACH + 1 : -REACH] - grey[REACH : -REACH - 1])
    # What a mean over nine rows leaves of the step from one row to the next: one row comes in, and one goes out.
    after = _energy((grey[_REBLUR:] - grey[:-_REBLUR]) / np.float32(_REBLUR))
    return sqrt(min(max(after, 0) / before, 1)) if before > least_energy else 1.0


def _energy(steps: FloatArray) -> float:
    """The mean square of the differences between rows, above that of the flattest quarter."""
    # As many columns as rows.
    tiles = np.sort(tile_means(np.square(steps[:, REACH : REACH + len(steps)]), _TILE), axis=None)
    flattest = np.interp(_FLATTEST * (len(tiles) - 1), np.arange(len(tiles)), tiles)
    return float(tiles.mean() - flattest)


def part_means(values: FloatArray, rows: int, columns: int) -> FloatArray:
    """The means of so many equal parts of (h, w), as (rows, columns); what is left at the far edges does not count."""
    tall, wide = values.shape[0] // rows, values.shape[1] // columns
    # By far the fastest way, as long as the parts are whole pixels.
    whole = values[: rows * tall, : columns * wide]
    return np.asarray(cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA), np.float32)


def tile_means(values: FloatArray, side: int) -> FloatArray:
    """The means of square tiles of (h, w); along an axis that is shorter than a tile, there is one of its length."""
    tall, wide = min(values.shape[0], side), min(values.shape[1], side)
    rows, columns = values.shape[0] // tall, values.shape[1] // wide
    return part_means(values[: rows * tall, : columns * wide], rows, columns)
