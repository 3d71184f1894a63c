"""Measures of pictures: means over parts, and how soft a picture is (blurred, out of focus, or enlarged)."""

from math import sqrt

import cv2
import numpy as np

from models.imaging.decode import Image
from models.runtime.session import FloatArray

REACH = 4
"""The radius of the blur, in pixels."""

_REBLUR = 2 * REACH + 1
_TILE = 16
_FLATTEST = 0.25
# Squared grey levels per pixel. With less, a picture changes only in single steps of one grey level, which would count
# as edges; photos of faces have more.
_LEAST_ENERGY = 1.0


def softness(image: Image) -> float:
    """The share of the edges of a square picture (h, h, 3) that a blur leaves, in [0, 1]; higher = softer."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    padded = cv2.copyMakeBorder(grey, REACH, REACH, REACH, REACH, cv2.BORDER_REPLICATE)
    return edges_kept(padded.astype(np.float32), _LEAST_ENERGY)


def edges_kept(grey: FloatArray, least_energy: float) -> float:
    """The share of the edges of a square picture that a blur leaves, in [0, 1]; 1 if it has no edges.

    Crété et al., "The blur effect: perception and estimation with a new no-reference perceptual blur metric", 2007: a
    box blur over nine pixels reduces the differences of neighbours, much where the picture was sharp, little where it
    was blurred before; the blurrier of the two directions counts. Other than there, differences are squared, and the
    level of the flattest quarter, which is noise, is subtracted first: noise, which a blur removes completely, would
    count as sharpness.

    Args:
        grey: (h + 8, h + 8): the picture with four more pixels on each side.
        least_energy: squared grey levels per pixel; a picture with less has no edges.
    """
    return max(_kept(grey, least_energy), _kept(np.asarray(cv2.transpose(grey), np.float32), least_energy))


def _kept(grey: FloatArray, least_energy: float) -> float:
    """The share of the differences between rows that a blur across the rows leaves."""
    before = _energy(grey[REACH + 1 : -REACH] - grey[REACH : -REACH - 1])
    # The step from one row to the next in a mean over nine rows: one row enters it, and one leaves it.
    after = _energy((grey[_REBLUR:] - grey[:-_REBLUR]) / np.float32(_REBLUR))
    return sqrt(min(max(after, 0) / before, 1)) if before > least_energy else 1.0


def _energy(steps: FloatArray) -> float:
    """The mean square of the differences between rows, above that of the flattest quarter."""
    # Tiles are taken from as many columns as rows.
    tiles = np.sort(tile_means(np.square(steps[:, REACH : REACH + len(steps)]), _TILE), axis=None)
    flattest = np.interp(_FLATTEST * (len(tiles) - 1), np.arange(len(tiles)), tiles)
    return float(tiles.mean() - flattest)


def part_means(values: FloatArray, rows: int, columns: int) -> FloatArray:
    """The means of rows x columns equal parts of (h, w); pixels left over at the far edges are not used."""
    tall, wide = values.shape[0] // rows, values.shape[1] // columns
    # The fastest way by far, as long as parts are whole pixels.
    whole = values[: rows * tall, : columns * wide]
    return np.asarray(cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA), np.float32)


def tile_means(values: FloatArray, side: int) -> FloatArray:
    """The means of square tiles of (h, w); an axis that is shorter than a tile has one tile of its length."""
    tall, wide = min(values.shape[0], side), min(values.shape[1], side)
    rows, columns = values.shape[0] // tall, values.shape[1] // wide
    return part_means(values[: rows * tall, : columns * wide], rows, columns)
