"""Sharpness: how much of a face's edges a further blur takes away."""

import cv2
import numpy as np

from models.face.quality.view import SIZE, FaceView
from models.session import FloatArray

THRESHOLD = 20
# Before anything else, so that noise of single pixels counts less than edges.
_SMOOTHING = 0.7
_REBLUR = 9
_TILE = 16
_MIDDLE = slice(SIZE // 6, SIZE - SIZE // 6)
_FLOOR_PERCENTILE = 25
# Squared grey levels per pixel: less is a flat picture, which has no edges to judge.
_LEAST_ENERGY = 0.01
# The share that goes of a face blurred beyond recognition, and of a good studio portrait.
_BLURRED, _SHARP = 0.10, 0.46


def sharpness(view: FaceView) -> float:
    """Sharpness in [0, 1], the same in the dark and in noise ("sharpness" of ISO/IEC 29794-5).

    The re-blur measure of Crété et al., "The blur effect: perception and estimation with a new no-reference perceptual
    blur metric", 2007: the differences of neighbours shrink by a box blur over nine pixels, much where the picture was
    sharp, little where it was blurred before; the blurrier of the two directions counts. Taken from a face of fixed
    size, so a face with too few pixels is as soft as it looks.

    Unlike there, differences are squared, and those of the flattest quarter of the face, which are its noise, are taken
    off first: else noise, which a blur removes wholly, would pass for sharpness.
    """
    grey = np.asarray(cv2.GaussianBlur(view.aligned.astype(np.float32), (0, 0), _SMOOTHING), np.float32)
    lost = min(_lost(grey, axis) for axis in (0, 1))
    return float(np.clip((lost - _BLURRED) / (_SHARP - _BLURRED), 0, 1))


def _lost(grey: FloatArray, axis: int) -> float:
    """The share of the differences along an axis that goes with a blur along it, in [0, 1]."""
    size = (1, _REBLUR) if axis == 0 else (_REBLUR, 1)
    before, after = _energy(grey, axis), _energy(np.asarray(cv2.blur(grey, size), np.float32), axis)
    if before < _LEAST_ENERGY:
        return 0.0
    return 1 - float(np.sqrt(min(after / before, 1.0)))


def _energy(grey: FloatArray, axis: int) -> float:
    """The mean squared difference of neighbours in the middle of the face, above that of its flattest quarter."""
    squares = np.square(np.diff(grey, axis=axis)[_MIDDLE, _MIDDLE])
    count = squares.shape[0] // _TILE
    tiles = squares.reshape(count, _TILE, count, _TILE).mean(axis=(1, 3))
    return float(tiles.mean() - np.percentile(tiles, _FLOOR_PERCENTILE))
