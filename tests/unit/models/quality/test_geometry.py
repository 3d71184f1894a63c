import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.imaging.geometry import Points
from models.output import Pose
from models.quality.geometry import eyes_distance, margin_deviations, rotation_deviation
from tests.unit.models.quality.drawn import POINTS

# The drawn head: 136 wide from ear to ear, 2 * 106 long; in this photo it lies as in a passport.
HEIGHT, WIDTH = 280, 210
PASSPORT = POINTS + np.array([WIDTH / 2 - 96, 0.4 * HEIGHT - 66])


@given(st.floats(0.1, 10), st.floats(-180, 180))
def test_the_distance_of_the_eyes_is_in_pixels_and_does_not_hang_on_the_tilt(scale: float, turn: float) -> None:
    cosine, sine = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    turned: Points = scale * POINTS @ np.array([[cosine, sine], [-sine, cosine]])
    assert eyes_distance(turned) == pytest.approx(60 * scale, abs=0.51)


def test_a_passport_portrait_deviates_by_nothing() -> None:
    assert margin_deviations(PASSPORT, HEIGHT, WIDTH) == (0, 0)


@pytest.mark.parametrize(
    ("height", "width", "shift", "expected"),
    [
        (280, 170, (-20, 0), (4, 0)),  # 136 of 170 wide: 8.5 more than three quarters
        (280, 300, (45, 0), (0, 7)),  # 136 of 300 wide: 14 less than half
        (400, 210, (0, 48), (0, 14)),  # 212 of 400 long: 28 less than 60 %
        (280, 210, (30.2, 0), (20, 0)),  # 30.2 aside, of which 10.5 are free
        (280, 210, (0, 50), (22, 0)),  # 50 down, of which 28 are free
        (280, 210, (0, -50), (22, 0)),
    ],
)
def test_margins_say_by_how_much(
    height: int, width: int, shift: tuple[float, float], expected: tuple[int, int]
) -> None:
    assert margin_deviations(PASSPORT + np.array(shift), height, width) == expected


@given(st.floats(0.2, 3), st.integers(-100, 100), st.integers(-100, 100))
def test_a_mirrored_photo_has_the_same_margins(scale: float, across: int, down: int) -> None:
    moved = (PASSPORT - PASSPORT.mean(axis=0)) * scale + PASSPORT.mean(axis=0) + np.array([across, down])
    swapped = moved.copy()
    eyes, ears = [7, 10], [12, 16]
    for left, right in (eyes, ears):
        swapped[[left, right]] = moved[[right, left]]
    swapped[:, 0] = WIDTH - swapped[:, 0]
    before, after = margin_deviations(moved, HEIGHT, WIDTH), margin_deviations(swapped, HEIGHT, WIDTH)
    # Halves of a pixel may round to either side.
    assert np.abs(np.subtract(before, after)).max() <= 1


@pytest.mark.parametrize(
    ("pose", "expected"),
    [(Pose(-20, 5, 3), -20), (Pose(4, 12.6, -3), 13), (Pose(1, -2, -30.2), -30), (Pose(0.2, 0, -0.4), 0)],
)
def test_the_farthest_angle_keeps_its_sign(pose: Pose, expected: int) -> None:
    assert rotation_deviation(pose) == expected
