"""Sharpness: how much of a face's edges a further blur takes away."""

import cv2
import numpy as np

from models.imaging.measures import REACH, edges_kept
from models.quality.view import SIZE, FaceView

THRESHOLD = 20
# Before anything else, so that noise of single pixels counts less than edges.
_SMOOTHING = 0.7
_MARGIN = SIZE // 6 - REACH
_MIDDLE = slice(_MARGIN, SIZE - _MARGIN + 1)
# Squared grey levels per pixel: less is a flat picture, which has no edges to judge.
_LEAST_ENERGY = 0.01
# The share that goes of a face blurred beyond recognition, and of a good studio portrait.
_BLURRED, _SHARP = 0.10, 0.46


def sharpness(view: FaceView) -> float:
    """Sharpness in [0, 1], the same in the dark and in noise ("sharpness" of ISO/IEC 29794-5).

    The re-blur measure of `models.imaging.measures`, in the middle of the face. The face has a fixed size, so a face
    with too few pixels is as soft as it looks.
    """
    grey = np.asarray(cv2.GaussianBlur(view.aligned.astype(np.float32), (0, 0), _SMOOTHING), np.float32)
    lost = 1 - edges_kept(grey[_MIDDLE, _MIDDLE], _LEAST_ENERGY)
    return float(np.clip((lost - _BLURRED) / (_SHARP - _BLURRED), 0, 1))
