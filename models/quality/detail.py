"""How well the detail of a face is kept: sharpness, noise, and the blocks that JPEG leaves."""

import cv2
import numpy as np
from cv2.typing import MatLike

from models.imaging.measures import REACH, edges_kept, tile_means
from models.quality.view import EYE_DISTANCE, SIZE, FaceView, Grey
from models.runtime.session import FloatArray

SHARPNESS_THRESHOLD = 20
NOISE_THRESHOLD = 20

# Sharpness. Smoothed first, so that noise of single pixels counts less than edges.
_SMOOTHING = 0.7
_MARGIN = SIZE // 6 - REACH
_MIDDLE = slice(_MARGIN, SIZE - _MARGIN + 1)
# Squared grey levels per pixel: less is a flat picture, which has no edges to measure.
_LEAST_ENERGY = 0.01
# The share that a blur takes from a face blurred beyond recognition, and from a good studio portrait.
_BLURRED, _SHARP = 0.10, 0.46

# Noise. The difference of two Laplacians: blind to slopes and to straight edges (Immerkær). Its response to noise has
# six times the deviation of the noise.
_MASK = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
_GAIN = 6.0
_TILE = 16
_FLAT_PERCENTILE = 10
# Means of tiles that can show noise: black and blown-out tiles hide it.
_SHOWING = (16, 239)
_DOUBLINGS = 5
# What noise counts that averaging takes away: it spoils the photo, and the face less than coarser noise does.
_FINE = 0.8
# The middle of a larger face is enough to see it.
_MIDDLE_PIXELS = 256

# Compression.
_BLOCK = 8
# Larger faces are cut to this size: more blocks would change nothing.
_LARGEST = 512
# Grey levels added to a mean step, which may be 0.
_CALM = 0.3
# The ratio of the steps at block borders to the others: in good files, and where the face is hardly visible.
_CLEAN, _RUINED = 1.25, 5.0


def sharpness(view: FaceView) -> float:
    """Sharpness in [0, 1], the same in the dark and in noise ("sharpness" of ISO/IEC 29794-5).

    The re-blur measure of `models.imaging.measures`, in the middle of the face. The face has a fixed size there, so a
    face with too few pixels is soft.
    """
    grey = np.asarray(cv2.GaussianBlur(view.aligned.astype(np.float32), (0, 0), _SMOOTHING), np.float32)
    lost = 1 - edges_kept(grey[_MIDDLE, _MIDDLE], _LEAST_ENERGY)
    return float(np.clip((lost - _BLURRED) / (_SHARP - _BLURRED), 0, 1))


def noise(view: FaceView) -> float:
    """Cleanness in [0, 1], higher = less noise: each doubling of the deviation above one grey level costs one fifth.

    The deviation is that of Immerkær, "Fast noise variance estimation", 1996, in tiles of 16 pixels, of which the
    tenth percentile counts: skin has flat places, hair and beards have none. One grey level is what eight bits and a
    good JPEG leave; 16 levels give 0.2. Where the eyes are at least 120 pixels apart, pixels are averaged first until
    they are not, since the face is seen at that size; the noise before that counts four fifths. The measure does not
    see noise that an encoder or the camera smoothed away; a face of a few pixels has no flat place, and its features
    count as noise.
    """
    reduced = _reduced(view)
    deviation = _flat_deviation(reduced)
    if reduced is not view.box:
        deviation = max(deviation, _FINE * _flat_deviation(_middle(view.box)))
    return float(np.clip(1 - np.log2(max(deviation, 1.0)) / _DOUBLINGS, 0, 1))


def compression(view: FaceView) -> float:
    """Freedom from blocks in [0, 1], higher = fewer ("compression artefacts" of ISO/IEC 29794-5).

    Steps between neighbours across the borders of JPEG's 8 x 8 blocks over the steps inside them, after Wang, Sheikh
    and Bovik, "No-reference perceptual quality assessment of JPEG compressed images", 2002; the worse of the two
    directions counts, on a logarithmic scale. Blind to photos that were scaled or cropped off the grid after they were
    compressed, and to other codecs.
    """
    left, top = (-at % _BLOCK for at in view.corner)
    grey = view.box[top : top + _LARGEST, left : left + _LARGEST]
    if min(grey.shape) <= _BLOCK:
        return 1.0
    across = cv2.reduce(cv2.absdiff(grey[:, 1:], grey[:, :-1]), 0, cv2.REDUCE_AVG, dtype=cv2.CV_32F)
    down = cv2.reduce(cv2.absdiff(grey[1:], grey[:-1]), 1, cv2.REDUCE_AVG, dtype=cv2.CV_32F)
    excess = max(_excess(across), _excess(down), _CLEAN)
    return float(max(1 - np.log(excess / _CLEAN) / np.log(_RUINED / _CLEAN), 0))


def _flat_deviation(grey: Grey) -> float:
    """The deviation of the noise where the picture is flat."""
    return float(np.percentile(_deviations(grey), _FLAT_PERCENTILE))


def _middle(grey: Grey) -> Grey:
    top, left = (max(side - _MIDDLE_PIXELS, 0) // 2 for side in grey.shape)
    return grey[top : top + _MIDDLE_PIXELS, left : left + _MIDDLE_PIXELS]


def _deviations(grey: Grey) -> FloatArray:
    """(n,): the deviation of the noise in each tile; at least one tile is measured."""
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


def _excess(steps: MatLike) -> float:
    """The mean step across block borders over the mean of all other steps.

    Args:
        steps: means between neighbouring rows, or columns, from the first of a block on.
    """
    blocks = steps.size // _BLOCK
    means = steps.ravel()[: blocks * _BLOCK].reshape(blocks, _BLOCK).mean(axis=0)
    return float(means[-1] / (means[:-1].mean() + _CALM))
