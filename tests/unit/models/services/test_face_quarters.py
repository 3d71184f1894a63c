import numpy as np
import pytest

from config.options import ServiceOptions
from models.errors import WeightsMissing
from models.imaging.quarters import TURNED, Quarter, box_as_sent, points_as_sent
from models.output import Pose
from models.runtime.session import Session
from models.service import Face
from models.services.face_quarters import FaceQuarters
from tests.unit.models.networks.networks import UprightYunet
from tests.unit.models.quality.drawn import POINTS

ON, OFF = ServiceOptions(), ServiceOptions(turned_photos=False)
BOX = np.array([70.0, 60, 130, 140])


def rotated_face(quarter: Quarter) -> Face:
    """A red spot above a blue one, and the box of both, in a photo that is rotated clockwise then."""
    image = np.full((200, 200, 3), 90, np.uint8)
    image[70:80, 95:105] = 0, 0, 255
    image[120:130, 95:105] = 255, 0, 0
    return Face(np.ascontiguousarray(np.rot90(image, -quarter)), box_as_sent(BOX, quarter, 200, 200))


def no_session(name: str) -> Session:
    raise WeightsMissing(name)


@pytest.mark.parametrize("quarter", [0, *TURNED])
def test_a_box_alone_is_enough(quarter: Quarter) -> None:
    assert FaceQuarters({"yunet": UprightYunet()}.__getitem__, ON).of([rotated_face(quarter)]) == [quarter]


@pytest.mark.parametrize("quarter", [0, *TURNED])
def test_points_say_it_without_a_network(quarter: Quarter) -> None:
    network = UprightYunet()
    face = rotated_face(0)
    face.landmarks = points_as_sent(POINTS, quarter, 200, 200)
    assert FaceQuarters({"yunet": network}.__getitem__, ON).of([face]) == [quarter]
    assert network.shapes == []


@pytest.mark.parametrize(("roll", "quarter"), [(0.0, 0), (-40.0, 0), (95.0, 1), (-178.0, 2), (178.0, 2), (-88.0, 3)])
def test_the_roll_says_it_where_there_are_no_points(roll: float, quarter: Quarter) -> None:
    face = rotated_face(0)
    face.pose = Pose(0, roll, 0)
    assert FaceQuarters(no_session, OFF).of([face]) == [quarter]


def test_known_and_voted_faces_keep_their_order() -> None:
    faces = [rotated_face(quarter) for quarter in (1, 2, 3)]
    faces[1].pose = Pose(0, 0, 0)
    assert FaceQuarters({"yunet": UprightYunet()}.__getitem__, ON).of(faces) == [1, 0, 3]


def test_without_the_option_a_box_counts_as_upright_and_no_network_is_loaded() -> None:
    assert FaceQuarters(no_session, OFF).of([rotated_face(2)]) == [0]
