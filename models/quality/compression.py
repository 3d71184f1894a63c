"""Compression: the blocks that JPEG leaves."""

import cv2
import numpy as np
from cv2.typing import MatLike

from models.quality.view import FaceView

_BLOCK = 8
# More blocks than these say nothing new.
_LARGEST = 512
# Grey levels, so that flat pictures do not divide by nothing.
_CALM = 0.3
# How many times the steps at block borders exceed the others: in good files, and where hardly a face is left.
_CLEAN, _RUINED = 1.25, 5.0


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


def _excess(steps: MatLike) -> float:
    """The mean step across block borders over the mean of all other steps.

    Args:
        steps: means between neighbouring rows, or columns, from the first of a block on.
    """
    blocks = steps.size // _BLOCK
    means = steps.ravel()[: blocks * _BLOCK].reshape(blocks, _BLOCK).mean(axis=0)
    return float(means[-1] / (means[:-1].mean() + _CALM))
