from math import pi

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.imaging.quarters import (
    TURNED,
    Quarter,
    box_as_sent,
    nearest_quarter,
    points_as_sent,
    quarter_angle,
    uprighted,
)

quarters = st.sampled_from([0, *TURNED])


@given(quarters, st.integers(1, 9), st.integers(1, 9), st.data())
def test_a_point_of_the_upright_image_is_the_same_pixel_of_the_image_as_sent(
    quarter: Quarter, height: int, width: int, data: st.DataObject
) -> None:
    image = np.arange(height * width * 3, dtype=np.uint8).reshape(height, width, 3)
    upright = uprighted(image, quarter)
    row = data.draw(st.integers(0, upright.shape[0] - 1))
    column = data.draw(st.integers(0, upright.shape[1] - 1))
    x, y = points_as_sent(np.array([column + 0.5, row + 0.5]), quarter, height, width)
    assert (image[int(y), int(x)] == upright[row, column]).all()


@given(quarters, st.tuples(*[st.floats(-50, 50)] * 4))
def test_a_box_keeps_its_order_and_its_sides(quarter: Quarter, numbers: tuple[float, float, float, float]) -> None:
    (x1, x2), (y1, y2) = sorted(numbers[:2]), sorted(numbers[2:])
    box = box_as_sent(np.array([x1, y1, x2, y2]), quarter, 30, 40)
    sides = box[2:] - box[:2]
    np.testing.assert_allclose(sides if quarter % 2 == 0 else sides[::-1], [x2 - x1, y2 - y1], atol=1e-9)


def test_clockwise_is_positive() -> None:
    image = np.zeros((2, 3, 3), np.uint8)
    image[0, 0] = 255
    # The first pixel of an upright image is at the top right of the image that is rotated clockwise.
    rotated = np.rot90(image, -1)
    assert rotated[0, -1].any()
    assert (uprighted(np.ascontiguousarray(rotated), 1) == image).all()


@pytest.mark.parametrize(
    ("turn", "quarter"), [(0.0, 0), (0.7, 0), (-0.7, 0), (0.9, 1), (pi, 2), (-pi, 2), (-1.5, 3), (5.0, 3)]
)
def test_the_nearest_quarter_is_within_an_eighth_of_a_turn(turn: float, quarter: Quarter) -> None:
    assert nearest_quarter(turn) == quarter
    off = (turn - quarter_angle(quarter) + pi) % (2 * pi) - pi
    assert abs(off) <= pi / 4
