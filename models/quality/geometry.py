"""The position, the size and the rotation of the head in the photo."""

import numpy as np

from models.imaging.geometry import Points
from models.networks.landmarks import LandmarkName, select
from models.output import Pose

EYES_DISTANCE_THRESHOLD = 60
ROTATION_THRESHOLD = 10

# The portrait of ISO/IEC 19794-5: width and length of the head, and the point between the eyes, as shares of the width
# and height of the image.
_HEAD_WIDTH = (0.5, 0.75)
_HEAD_LENGTH = (0.6, 0.9)
_EYES_ACROSS = (0.45, 0.55)
_EYES_DOWN = (0.3, 0.5)


def eyes_distance(landmarks: Points) -> int:
    """Distance of the eyes, in whole pixels ("inter-eye distance" of ISO/IEC 29794-5, not corrected for yaw)."""
    left, right = select(landmarks, LandmarkName.LEFT_EYE, LandmarkName.RIGHT_EYE)
    return round(float(np.linalg.norm(right - left)))


def margin_deviations(landmarks: Points, height: int, width: int) -> tuple[int, int]:
    """How far the margins around a head are from those of a passport portrait: outer and inner, in whole pixels.

    The portrait is that of ISO/IEC 19794-5: the head, from ear to ear, half to three quarters of the image's width;
    from crown to chin, 60 to 90 % of its height; the point between the eyes at 45 to 55 % of the width and 30 to 50 %
    of the height, from above. The crown is assumed to be as far above the eyes as the chin is below them.

    The outer deviation is by how many pixels margins are too narrow: the largest of the excess of a head on each side,
    in width and length, and of the distance of the point between the eyes from its limits. The inner deviation is by
    how many they are too wide: the larger of what the head lacks on each side in width and in length.
    """
    left_eye, right_eye, left_ear, right_ear, chin = select(
        landmarks,
        LandmarkName.LEFT_EYE,
        LandmarkName.RIGHT_EYE,
        LandmarkName.LEFT_EAR_BOTTOM,
        LandmarkName.RIGHT_EAR_BOTTOM,
        LandmarkName.CHIN,
    )
    eyes = (left_eye + right_eye) / 2
    head_width = float(np.linalg.norm(right_ear - left_ear))
    head_length = 2 * float(np.linalg.norm(chin - eyes))
    outer = max(
        (head_width - _HEAD_WIDTH[1] * width) / 2,
        (head_length - _HEAD_LENGTH[1] * height) / 2,
        _outside(float(eyes[0]), _EYES_ACROSS, width),
        _outside(float(eyes[1]), _EYES_DOWN, height),
    )
    inner = max((_HEAD_WIDTH[0] * width - head_width) / 2, (_HEAD_LENGTH[0] * height - head_length) / 2)
    return round(max(outer, 0)), round(max(inner, 0))


def rotation_deviation(pose: Pose) -> int:
    """The angle among yaw, pitch and roll that is farthest from 0, with its sign, in whole degrees."""
    farthest = max((pose.yaw, pose.pitch, pose.roll), key=abs)
    return round(farthest)


def _outside(coordinate: float, limits: tuple[float, float], extent: int) -> float:
    """The distance of a coordinate from its limits, which are shares of an extent; negative inside them."""
    return max(limits[0] * extent - coordinate, coordinate - limits[1] * extent)
