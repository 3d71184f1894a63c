"""What the estimators of face attributes share: landmarks for every face, and a crop that lies the same on each."""

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np

from models.family import ModelFamily
from models.imaging.crops import cut
from models.imaging.decode import Image
from models.imaging.geometry import Points, Region, angle, quantise
from models.networks.face_mesh import FaceMesh
from models.networks.landmarks import LandmarkName, landmarks_of, select
from models.runtime.session import SessionSource
from models.service import EstimatingService, Face, Result

_CROP_SIZE = 112
# The crop of face-api.js: its side is the mean distance from an eye to the mouth over 0.45, and the mean of both eyes
# and the mouth lies at (0.5, 0.43) of it.
_EYE_TO_MOUTH = 0.45
_CENTRE_BELOW_MEAN = 0.5 - 0.43


class FaceAttributeEstimator(EstimatingService[Result]):
    """Judges faces by their landmarks.

    The landmarks of a face that comes without are found from its box alone and kept on the face, so that the next
    service of the stage reuses them: an answer depends on the image, the box and the landmarks only.
    """

    family = ModelFamily.FACE_ATTRIBUTES

    def __init__(self, sessions: SessionSource) -> None:
        self._mesh = FaceMesh(sessions(FaceMesh.model))

    def estimate(self, faces: Sequence[Face]) -> list[Result]:
        """See `EstimatingService.estimate`; sets the landmarks of faces that have none."""
        if not faces:
            return []
        bare = [face for face in faces if face.landmarks is None]
        meshes = self._mesh.fit([face.image for face in bare], [face.bbox for face in bare], [0.0] * len(bare))
        for face, mesh in zip(bare, meshes, strict=True):
            face.landmarks = quantise(landmarks_of(mesh.points))
        landmarks = [face.landmarks for face in faces if face.landmarks is not None]
        return self._judge([face.image for face in faces], landmarks)

    @abstractmethod
    def _judge(self, images: Sequence[Image], landmarks: Sequence[Points]) -> list[Result]:
        """Judge at least one face by the image that it is in and its 21 points."""


def face_crop(image: Image, landmarks: Points, scale: float = 1.0) -> Image:
    """The square from the brows to the chin that face-api's networks know, with the eyes level.

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
    return cut(image, Region(centre, np.full(2, side * scale), turn), _CROP_SIZE)
