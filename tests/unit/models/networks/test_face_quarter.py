import numpy as np
import pytest

from models.imaging.decode import Image
from models.imaging.quarters import TURNED, Quarter, box_as_sent
from models.networks.face_quarter import FaceQuarterVote, Vote
from models.networks.yunet import YuNet
from tests.unit.models.networks.networks import UprightYunet

BOX = np.array([70.0, 60, 130, 140])


def rotated_face(quarter: Quarter) -> Image:
    """A red spot above a blue one, in a photo that is rotated clockwise then."""
    image = np.full((200, 200, 3), 90, np.uint8)
    image[70:80, 95:105] = 0, 0, 255
    image[120:130, 95:105] = 255, 0, 0
    return np.ascontiguousarray(np.rot90(image, -quarter))


def vote(network: UprightYunet, *quarters: Quarter) -> list[Vote]:
    images = [rotated_face(quarter) for quarter in quarters]
    boxes = [box_as_sent(BOX, quarter, 200, 200) for quarter in quarters]
    return FaceQuarterVote(YuNet(network)).vote(images, boxes)


def test_a_face_of_point_nine_upright_is_looked_at_once() -> None:
    network = UprightYunet(sure=0.91, unsure=0.8)
    (result,) = vote(network, 0)
    assert (result.quarter, result.is_face) == (0, True)
    assert network.shapes == [(1, 3, 160, 160)]


@pytest.mark.parametrize(
    ("sure", "unsure", "certain"),
    [(0.88, 0.7, True), (0.88, 0.87, False), (0.85, 0.7, False)],
    ids=["leads", "does not lead", "too low"],
)
def test_a_less_sure_face_is_certain_if_upright_leads(sure: float, unsure: float, certain: bool) -> None:
    network = UprightYunet(sure=sure, unsure=unsure)
    (result,) = vote(network, 0)
    assert (result.quarter, result.is_face) == (0, certain)
    # The three other rotations share a run.
    assert network.shapes == [(1, 3, 160, 160), (3, 3, 160, 160)]


@pytest.mark.parametrize("quarter", TURNED)
def test_another_rotation_wins_if_it_leads(quarter: Quarter) -> None:
    (result,) = vote(UprightYunet(sure=0.9, unsure=0.8), quarter)
    assert (result.quarter, result.is_face) == (quarter, True)
    (result,) = vote(UprightYunet(sure=0.88, unsure=0.87), quarter)
    assert (result.quarter, result.is_face) == (0, False)


def test_each_face_has_its_own_vote() -> None:
    votes = vote(UprightYunet(sure=0.95, unsure=0.7), 0, 1, 0, 3, 2)
    assert [each.quarter for each in votes] == [0, 1, 0, 3, 2]


def test_no_faces_are_no_run() -> None:
    network = UprightYunet()
    assert vote(network) == []
    assert network.shapes == []
