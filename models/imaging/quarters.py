"""Quarter turns: images and coordinates that are rotated by 90, 180 or 270 degrees."""

from math import pi
from typing import TypeAlias

import cv2
import numpy as np

from models.imaging.decode import Image
from models.imaging.geometry import Box, Points

Quarter: TypeAlias = int
"""By how many quarter turns something is rotated clockwise, 0 to 3; 0 = upright."""

TURNED: tuple[Quarter, ...] = (1, 2, 3)
"""All but upright."""

_UNDO = {1: cv2.ROTATE_90_COUNTERCLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_CLOCKWISE}


def nearest_quarter(turn: float) -> Quarter:
    """The quarter turn that is closest to an angle in radians, clockwise."""
    return round(turn / (pi / 2)) % 4


def quarter_angle(quarter: Quarter) -> float:
    """The angle of a quarter turn in radians, clockwise, 0 to 3/2 pi."""
    return quarter * pi / 2


def uprighted(image: Image, quarter: Quarter) -> Image:
    """An image whose content is rotated by `quarter`, rotated back: (h, w, 3) uint8 or (w, h, 3)."""
    return np.asarray(cv2.rotate(image, _UNDO[quarter]), np.uint8) if quarter else image


def points_as_sent(points: Points, quarter: Quarter, height: int, width: int) -> Points:
    """Points (..., 2) of `uprighted(image, quarter)` in the image itself, of (height, width)."""
    x, y = points[..., 0], points[..., 1]
    across, down = ((x, y), (width - y, x), (width - x, height - y), (y, height - x))[quarter]
    return np.stack([across, down], axis=-1)


def box_as_sent(box: Box, quarter: Quarter, height: int, width: int) -> Box:
    """A box (4,) of `uprighted(image, quarter)` in the image itself, of (height, width)."""
    corners = points_as_sent(box.reshape(2, 2), quarter, height, width)
    return np.concatenate([corners.min(axis=0), corners.max(axis=0)])
