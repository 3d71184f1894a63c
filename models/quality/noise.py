"""Noise: what is left of a face where it should be flat."""

import cv2
import numpy as np

from models.imaging.measures import tile_means
from models.quality.view import EYE_DISTANCE, FaceView, Grey
from models.runtime.session import FloatArray

THRESHOLD = 20
# The difference of two Laplacians: blind to slopes and to straight edges (Immerkær). Its response to noise has six
# times the deviation of the noise.
_MASK = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
_GAIN = 6.0
_TILE = 16
_FLAT_PERCENTILE = 10
# Tiles that are all black or blown out hide their noise.
_SHOWING = (16, 239)
_DOUBLINGS = 5


def noise(view: FaceView) -> float:
    """Cleanness in [0, 1], higher = less noise: one fifth goes with every doubling of its deviation over one level.

    The deviation is that of Immerkær, "Fast noise variance estimation", 1996, in tiles of 16 pixels, of which the
    tenth percentile counts: skin has flat places, hair and beards have none. One grey level is what eight bits and a
    good JPEG leave; 16 levels come to 0.2. Where the eyes are at least 120 pixels apart, pixels are averaged first as
    long as they are: finer noise does no harm. What a lossy encoder smoothed away, or the camera, is not seen, and a
    face of a few pixels has no flat place: its features pass for noise.
    """
    deviation = float(np.percentile(_deviations(_reduced(view)), _FLAT_PERCENTILE))
    return float(np.clip(1 - np.log2(max(deviation, 1.0)) / _DOUBLINGS, 0, 1))


def _deviations(grey: Grey) -> FloatArray:
    """(n,): the deviation of the noise in each tile, at least one."""
    levels = grey.astype(np.float32)
    response = np.asarray(cv2.filter2D(levels, -1, _MASK), np.float32)
    tiles = tile_means(np.square(response), _TILE)
    means = tile_means(levels, _TILE)
    showing = (means >= _SHOWING[0]) & (means <= _SHOWING[1])
    return np.asarray(np.sqrt(tiles[showing] if showing.any() else tiles.ravel()) / _GAIN, np.float32)


def _reduced(view: FaceView) -> Grey:
    """The box, halved until the eyes are less than 120 pixels apart."""
    grey, distance = view.box, view.eye_distance
    while distance >= 2 * EYE_DISTANCE and min(grey.shape) > 1:
        height, width = grey.shape[0] // 2, grey.shape[1] // 2
        even = grey[: 2 * height, : 2 * width]
        grey = np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        distance /= 2
    return grey
