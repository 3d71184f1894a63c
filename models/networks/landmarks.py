"""The 21 points of a face, and their vertices of the mesh."""

from enum import StrEnum
from math import pi

import numpy as np
from numpy.typing import NDArray

from models.imaging.geometry import Points, angle
from models.imaging.quarters import Quarter, nearest_quarter


class LandmarkName(StrEnum):
    """The points in their public order; left and right are the viewer's."""

    LEFT_EYE_BROW_LEFT = "left_eye_brow_left"
    LEFT_EYE_BROW_UP = "left_eye_brow_up"
    LEFT_EYE_BROW_RIGHT = "left_eye_brow_right"
    RIGHT_EYE_BROW_LEFT = "right_eye_brow_left"
    RIGHT_EYE_BROW_UP = "right_eye_brow_up"
    RIGHT_EYE_BROW_RIGHT = "right_eye_brow_right"
    LEFT_EYE_LEFT = "left_eye_left"
    LEFT_EYE = "left_eye"
    LEFT_EYE_RIGHT = "left_eye_right"
    RIGHT_EYE_LEFT = "right_eye_left"
    RIGHT_EYE = "right_eye"
    RIGHT_EYE_RIGHT = "right_eye_right"
    LEFT_EAR_BOTTOM = "left_ear_bottom"
    NOSE_LEFT = "nose_left"
    NOSE = "nose"
    NOSE_RIGHT = "nose_right"
    RIGHT_EAR_BOTTOM = "right_ear_bottom"
    MOUTH_LEFT = "mouth_left"
    MOUTH = "mouth"
    MOUTH_RIGHT = "mouth_right"
    CHIN = "chin"


# Vertices of the canonical face mesh of MediaPipe; where there are several, their mean. Mirror-symmetric.
_VERTICES: dict[LandmarkName, tuple[int, ...]] = {
    LandmarkName.LEFT_EYE_BROW_LEFT: (70,),
    LandmarkName.LEFT_EYE_BROW_UP: (105,),
    LandmarkName.LEFT_EYE_BROW_RIGHT: (107,),
    LandmarkName.RIGHT_EYE_BROW_LEFT: (336,),
    LandmarkName.RIGHT_EYE_BROW_UP: (334,),
    LandmarkName.RIGHT_EYE_BROW_RIGHT: (300,),
    LandmarkName.LEFT_EYE_LEFT: (33,),
    LandmarkName.LEFT_EYE: (160, 158, 144, 153),
    LandmarkName.LEFT_EYE_RIGHT: (133,),
    LandmarkName.RIGHT_EYE_LEFT: (362,),
    LandmarkName.RIGHT_EYE: (385, 387, 380, 373),
    LandmarkName.RIGHT_EYE_RIGHT: (263,),
    LandmarkName.LEFT_EAR_BOTTOM: (93,),
    LandmarkName.NOSE_LEFT: (98,),
    LandmarkName.NOSE: (1,),
    LandmarkName.NOSE_RIGHT: (327,),
    LandmarkName.RIGHT_EAR_BOTTOM: (323,),
    LandmarkName.MOUTH_LEFT: (61,),
    LandmarkName.MOUTH: (13, 14),
    LandmarkName.MOUTH_RIGHT: (291,),
    LandmarkName.CHIN: (152,),
}

_ROW = {name: row for row, name in enumerate(LandmarkName)}
# (21, 468): how much each vertex counts in each point.
_SHARES = np.zeros((len(LandmarkName), 468))
for _name, _vertices in _VERTICES.items():
    _SHARES[_ROW[_name], _vertices] = 1 / len(_vertices)


def landmarks_of(mesh: NDArray[np.float64]) -> Points:
    """The 21 points (21, 2) of a mesh (468, 2 or 3)."""
    return _SHARES @ mesh[:, :2]


def select(landmarks: Points, *names: LandmarkName) -> Points:
    """The rows of (21, 2) that have these names, in the order of the names."""
    return landmarks[[_ROW[name] for name in names]]


def quarter_of(landmarks: Points) -> Quarter:
    """The quarter turn that is closest to the rotation of a face, from its (21, 2) points.

    It follows the line from the eyes to the mouth: on faces in profile the eyes are too close to each other.
    """
    eyes = select(landmarks, LandmarkName.LEFT_EYE, LandmarkName.RIGHT_EYE).mean(axis=0)
    mouth = select(landmarks, LandmarkName.MOUTH_LEFT, LandmarkName.MOUTH_RIGHT).mean(axis=0)
    return nearest_quarter(angle(eyes, mouth) - pi / 2)
