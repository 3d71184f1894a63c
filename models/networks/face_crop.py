"""Face crop that the networks of face-api.js were trained on; they estimate age, gender and emotions on it."""

import numpy as np

from models.imaging.crops import cut
from models.imaging.decode import Image
from models.imaging.geometry import Points, Region, angle
from models.networks.landmarks import LandmarkName, select

_SIZE = 112
# In face-api.js the side is the mean distance from an eye to the mouth over 0.45, and the mean of both eyes and the
# mouth is at (0.5, 0.43) of the crop.
_EYE_TO_MOUTH = 0.45
_CENTRE_BELOW_MEAN = 0.5 - 0.43


def face_crop(image: Image, landmarks: Points, scale: float = 1.0) -> Image:
    """The square from the brows to the chin, with the eyes level.

    Args:
        image: (h, w, 3) uint8.
        landmarks: (21, 2).
        scale: grows the square around its centre.

    Returns:
        (112, 112, 3) uint8.
    """
    left, right, *corners = select(
        landmarks, LandmarkName.LEFT_EYE, LandmarkName.RIGHT_EYE, LandmarkName.MOUTH_LEFT, LandmarkName.MOUTH_RIGHT
    )
    mouth = np.mean(corners, axis=0)
    side = (np.linalg.norm(left - mouth) + np.linalg.norm(right - mouth)) / 2 / _EYE_TO_MOUTH
    turn = angle(left, right)
    down = np.array([-np.sin(turn), np.cos(turn)])
    centre = (left + right + mouth) / 3 + down * side * _CENTRE_BELOW_MEAN
    return cut(image, Region(centre, np.full(2, side * scale), turn), _SIZE)
