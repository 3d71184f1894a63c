from collections.abc import Sequence
from math import cos, sin

import numpy as np
import pytest

from models.imaging.decode import Image
from models.imaging.geometry import Points, quantise
from models.networks.face_crop import face_crop
from models.networks.landmarks import LandmarkName
from models.service import Face
from models.services.face_attribute import FaceAttributeEstimator
from tests.unit.models.networks.networks import BlindYunet, MarkedMesh, marked_face

EYES_AND_MOUTH = np.array([[170.0, 120], [230, 120], [200, 185]])
BOX = np.array([130.0, 70, 270, 210])
ROWS = {name: row for row, name in enumerate(LandmarkName)}


def landmarks(eyes_and_mouth: Points) -> Points:
    points = np.full((21, 2), 7.0)
    left, right, mouth = eyes_and_mouth
    points[ROWS[LandmarkName.LEFT_EYE]], points[ROWS[LandmarkName.RIGHT_EYE]] = left, right
    points[[ROWS[LandmarkName.MOUTH_LEFT], ROWS[LandmarkName.MOUTH_RIGHT]]] = mouth
    return points


class Recorder(FaceAttributeEstimator[Points]):
    """Answers the landmarks that it was given."""

    def _estimate(self, images: Sequence[Image], landmarks: Sequence[Points]) -> list[Points]:
        assert len(images) == len(landmarks)
        return list(landmarks)


def recorder(mesh: MarkedMesh) -> Recorder:
    return Recorder({"facemesh": mesh, "yunet": BlindYunet()}.__getitem__)


def colour_centre(crop: Image, channel: int) -> Points:
    others = [other for other in range(3) if other != channel]
    y, x = np.nonzero((crop[..., channel] > 160) & (crop[..., others].max(axis=-1) < 100))
    return np.array([x.mean(), y.mean()]) + 0.5


@pytest.mark.parametrize("turn", [-1.2, -0.3, 0.0, 0.5, 3.0])
@pytest.mark.parametrize("scale", [0.9, 1.0])
def test_eyes_and_mouth_lie_the_same_in_every_crop(turn: float, scale: float) -> None:
    rotation = np.array([[cos(turn), -sin(turn)], [sin(turn), cos(turn)]])
    face = (EYES_AND_MOUTH - 150) @ rotation.T + 150
    crop = face_crop(marked_face(face), landmarks(face), scale)
    assert crop.shape == (112, 112, 3)
    side = np.linalg.norm(EYES_AND_MOUTH[0] - EYES_AND_MOUTH[2]) / 0.45
    corner = EYES_AND_MOUTH.mean(axis=0) - side * np.array([0.5, 0.43])
    for channel, point in enumerate(EYES_AND_MOUTH):
        inside = ((point - corner) / side - 0.5) / scale + 0.5
        np.testing.assert_allclose(colour_centre(crop, channel) / 112, inside, atol=0.01)


def test_landmarks_are_found_from_the_box_and_kept_on_the_face() -> None:
    network = MarkedMesh()
    service = recorder(network)
    face = Face(marked_face(EYES_AND_MOUTH), BOX)
    (found,) = service.estimate([face])
    assert face.landmarks is found
    np.testing.assert_allclose(found[[7, 10, 18]], EYES_AND_MOUTH, atol=1)
    assert (quantise(found) == found).all()
    network.rows.clear()
    (again,) = service.estimate([face])
    assert again is found
    assert network.rows == []


def test_landmarks_of_the_caller_are_used_and_only_missing_ones_are_found() -> None:
    network = MarkedMesh()
    given = landmarks(EYES_AND_MOUTH + 3)
    faces = [
        Face(marked_face(EYES_AND_MOUTH), BOX),
        Face(marked_face(EYES_AND_MOUTH), BOX, given),
        Face(marked_face(EYES_AND_MOUTH + 5), BOX + 5),
    ]
    first, second, third = recorder(network).estimate(faces)
    assert second is given
    assert network.rows == [2, 2]
    np.testing.assert_allclose(third - first, 5, atol=1)


def test_no_face_reaches_no_network() -> None:
    network = MarkedMesh()
    assert recorder(network).estimate([]) == []
    assert network.rows == []


@pytest.mark.parametrize("point", [0.0, -1e7, 1e7])
def test_landmarks_that_coincide_or_lie_far_away_still_give_a_crop(point: float) -> None:
    assert face_crop(marked_face(EYES_AND_MOUTH), np.full((21, 2), point)).shape == (112, 112, 3)
    apart = np.full((21, 2), point)
    apart[ROWS[LandmarkName.RIGHT_EYE]] = -point, 5
    assert face_crop(marked_face(EYES_AND_MOUTH), apart).shape == (112, 112, 3)
