from math import cos, radians, sin

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.networks.face_mesh import Mesh
from models.networks.head_pose import HeadPose
from models.output import Pose
from tests.unit.models.networks.networks import LEFT_EYE, RIGHT_EYE, Constant

IMAGE = np.zeros((200, 200, 3), np.uint8)
BIAS = {"yaw": -1.5, "pitch": -4.0, "roll": -1.7}


def bins(degrees: float) -> list[float]:
    """Logits whose expectation is this angle: two neighbouring bins share it."""
    place = (degrees + 99) / 3
    weights = np.full(66, 1e-12)
    weights[int(place)] = 1 - place % 1 + 1e-12
    weights[int(place) + 1] = place % 1 + 1e-12
    return np.log(weights).tolist()


def turned_mesh(degrees: float) -> Mesh:
    points = np.random.default_rng(0).uniform(60, 140, (468, 3))
    turn = radians(degrees)
    points[LEFT_EYE, :2] = 100
    points[RIGHT_EYE, :2] = 100 + 30 * np.array([cos(turn), sin(turn)])
    return Mesh(points)


def seen(yaw: float, pitch: float, roll: float, crop_turn: float = 0.0) -> Pose:
    """The answer to a network that says these angles, in its own signs and with its own bias."""
    said = {"yaw": yaw, "pitch": pitch, "roll": roll}
    network = Constant(**{name: bins(value + BIAS[name]) for name, value in said.items()})
    (pose,) = HeadPose(network).estimate([IMAGE], [turned_mesh(crop_turn)])
    return pose


def test_a_frontal_head_is_near_zero_in_all_three() -> None:
    pose = seen(0, 0, 0)
    assert (pose.yaw, pose.roll, pose.pitch) == pytest.approx((0, 0, 0), abs=1e-6)


@given(st.floats(-60, 60), st.floats(-60, 60), st.floats(-60, 60))
def test_in_a_level_crop_only_the_sign_of_the_yaw_changes(yaw: float, pitch: float, roll: float) -> None:
    pose = seen(yaw, pitch, roll)
    assert (pose.yaw, pose.pitch, pose.roll) == pytest.approx((-yaw, pitch, roll), abs=1e-5)


@given(st.floats(-60, 60))
def test_the_turn_of_the_crop_adds_to_the_roll_of_a_frontal_head(turn: float) -> None:
    pose = seen(0, 0, 5, crop_turn=turn)
    assert (pose.yaw, pose.pitch, pose.roll) == pytest.approx((0, 0, 5 + turn), abs=1e-5)


def test_what_looks_up_in_a_crop_that_lies_on_its_side_looks_sideways() -> None:
    # Turned clockwise by 90 degrees, the top of the crop points to the viewer's right.
    pose = seen(0, 30, 0, crop_turn=90)
    assert pose.yaw == pytest.approx(30, abs=1e-5)
    assert pose.pitch == pytest.approx(0, abs=1e-5)


def test_crops_are_normalised_like_imagenet() -> None:
    network = Constant(yaw=bins(0), pitch=bins(0), roll=bins(0))
    image = np.full((200, 200, 3), (10, 100, 200), np.uint8)
    HeadPose(network).estimate([image], [turned_mesh(0)])
    (batch,) = network.batches
    assert batch.shape == (1, 3, 224, 224)
    expected = (np.array([200, 100, 10]) / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    np.testing.assert_allclose(batch[0, :, 100, 100], expected, atol=1e-4)


def test_no_face_reaches_no_network() -> None:
    network = Constant(yaw=bins(0), pitch=bins(0), roll=bins(0))
    assert HeadPose(network).estimate([], []) == []
    assert network.batches == []
