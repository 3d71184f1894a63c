import numpy as np
import pytest

from models.quality.eyes import EyeOpenness
from tests.unit.models.networks.networks import Constant
from tests.unit.models.quality.drawn import POINTS, drawn_face, lit
from tests.unit.models.quality.networks import Spread

# The points of the mirrored photo: left and right are swapped.
SWAPPED = POINTS.copy()
SWAPPED[6:12] = POINTS[[11, 10, 9, 8, 7, 6]]
SWAPPED[:, 0] = 192 - SWAPPED[:, 0]


def test_each_eye_is_judged_by_itself() -> None:
    face = drawn_face()
    face[44:90, 100:] = 150
    ((left, right),) = EyeOpenness(Spread()).estimate([face], [POINTS])
    assert left > 0.5 > right


def test_a_mirrored_photo_swaps_the_eyes_and_nothing_else() -> None:
    face = drawn_face()
    face[64:, 120:] = 150
    eyes = EyeOpenness(Spread())
    ((left, right),) = eyes.estimate([face], [POINTS])
    ((other_left, other_right),) = eyes.estimate([np.ascontiguousarray(face[:, ::-1])], [SWAPPED])
    assert left != pytest.approx(right, abs=0.01)
    assert (other_left, other_right) == pytest.approx((right, left), abs=0.01)


def test_eyes_in_the_shade_reach_the_network_as_light_as_others() -> None:
    network = Spread()
    EyeOpenness(network).estimate([drawn_face(), lit(drawn_face(), 0.4)], [POINTS, POINTS])
    (batch,) = network.batches
    assert batch.shape == (8, 1, 24, 24)
    np.testing.assert_allclose(batch.mean(axis=(1, 2, 3)) * 255, 110, atol=3)


@pytest.mark.parametrize(("logits", "expected"), [([0.0, 30.0], 1.0), ([30.0, 0.0], 0.0), ([5.0, 5.0], 0.5)])
def test_the_second_class_is_open(logits: list[float], expected: float) -> None:
    (found,) = EyeOpenness(Constant(logits=logits)).estimate([drawn_face()], [POINTS])
    assert found == pytest.approx((expected, expected), abs=0.001)


def test_no_face_reaches_no_network() -> None:
    network = Constant(logits=[0.0, 1.0])
    assert EyeOpenness(network).estimate([], []) == []
    assert network.batches == []
