from math import cos, pi, sin

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.imaging.geometry import Letterbox, Points, Region, angle, apply, inverse, quantise, scale_of, similarity

coordinate = st.floats(-5000, 5000)
turn = st.floats(-pi, pi)
side = st.integers(1, 6000)


def clouds(size: int) -> st.SearchStrategy[Points]:
    return arrays(np.float64, (size, 2), elements=coordinate)


def spread(points: Points) -> float:
    return float(np.ptp(points, axis=0).max())


@given(clouds(5), turn, st.floats(0.05, 20), coordinate, coordinate)
def test_a_similarity_is_recovered_from_what_it_made(
    points: Points, turned: float, scale: float, right: float, down: float
) -> None:
    assume(spread(points) > 1)
    made = np.array([[cos(turned), -sin(turned), 0], [sin(turned), cos(turned), 0]]) * scale + [
        [0, 0, right],
        [0, 0, down],
    ]
    np.testing.assert_allclose(similarity(points, apply(made, points)), made, rtol=1e-6, atol=1e-5 * scale * 5000)


@given(clouds(5), clouds(5), turn, st.floats(-0.1, 0.1))
def test_no_other_similarity_is_closer(source: Points, target: Points, turned: float, stretch: float) -> None:
    assume(spread(source) > 1)

    def error(matrix: Points) -> float:
        return float(((apply(matrix, source) - target) ** 2).sum())

    best = similarity(source, target)
    turning = np.array([[cos(turned), -sin(turned)], [sin(turned), cos(turned)]]) * (1 + stretch)
    other = np.column_stack([turning @ best[:, :2], best[:, 2]])
    assert error(best) <= error(other) * (1 + 1e-9) + 1e-6


def test_a_similarity_never_mirrors() -> None:
    points = np.array([[0.0, 0], [4, 0], [0, 2]])
    assert np.linalg.det(similarity(points, points * [-1, 1])[:, :2]) > 0


def test_points_that_coincide_are_only_shifted() -> None:
    matrix = similarity(np.full((3, 2), 7.0), np.array([[0.0, 0], [1, 0], [2, 3]]))
    np.testing.assert_allclose(matrix, [[1, 0, -6], [0, 1, -6]])


@given(clouds(4), turn)
def test_a_region_around_points_maps_them_into_its_square_and_touches_all_sides(points: Points, turned: float) -> None:
    region = Region.around(points, turned)
    assume(region.size.min() > 1)
    mapped = apply(region.to_square(100), points)
    np.testing.assert_allclose([mapped.min(axis=0), mapped.max(axis=0)], [[0, 0], [100, 100]], atol=1e-4)


def test_a_region_turns_clockwise() -> None:
    region = Region.of_box(np.array([0.0, 0, 4, 4]), pi / 2)
    # The left edge of the crop is then the upper edge of the image.
    np.testing.assert_allclose(apply(region.to_square(4), np.array([[4.0, 0], [0, 0]])), [[0, 0], [0, 4]], atol=1e-12)


def test_an_upright_region_is_its_box() -> None:
    matrix = Region.of_box(np.array([10.0, 20, 30, 60])).to_square(8)
    np.testing.assert_allclose(apply(matrix, np.array([[10.0, 20], [30, 60], [20, 40]])), [[0, 0], [8, 8], [4, 4]])


def test_squaring_takes_the_longer_side_and_growing_keeps_the_centre() -> None:
    region = Region.of_box(np.array([10.0, 20, 30, 60])).squared().grown(1.5)
    assert region.centre.tolist() == [20, 40]
    assert region.size.tolist() == [60, 60]


@pytest.mark.parametrize("box", [[5.0, 5, 5, 5], [5.0, 5, 5, 90], [9.0, 9, 1, 1]])
def test_a_box_without_area_still_has_a_map(box: list[float]) -> None:
    matrix = Region.of_box(np.array(box)).to_square(64)
    assert np.isfinite(matrix).all()
    np.testing.assert_allclose(apply(inverse(matrix), apply(matrix, np.array([3.0, 4.0]))), [3, 4])


@given(turn, st.floats(0.01, 100), clouds(3))
def test_the_inverse_undoes_a_map_and_its_scale_is_the_factor(turned: float, scale: float, points: Points) -> None:
    matrix = np.array([[cos(turned), -sin(turned), 3], [sin(turned), cos(turned), -8]]) * scale
    np.testing.assert_allclose(apply(inverse(matrix), apply(matrix, points)), points, atol=1e-6)
    assert scale_of(matrix) == pytest.approx(scale)


@given(side, side, st.sampled_from([320, 416, 640]), st.sampled_from([0.0, 0.3, 1.0]), st.data())
def test_a_letterbox_inverts_within_a_pixel(
    height: int, width: int, size: int, margin: float, draw: st.DataObject
) -> None:
    letterbox = Letterbox.fit(height, width, size, margin)
    point = np.array([draw.draw(st.floats(0, width)), draw.draw(st.floats(0, height))])
    on_canvas = letterbox.to_canvas(point)
    np.testing.assert_allclose(letterbox.to_image(on_canvas), point, atol=1e-6)
    # What a network rounds to its own pixels comes back within one of them.
    back = letterbox.to_image(np.round(on_canvas))
    assert (np.abs(back - point) * letterbox.scale <= 0.5 + 1e-9).all()


@given(side, side, st.sampled_from([320, 640]), st.sampled_from([0.0, 0.3, 0.6, 1.0]))
def test_a_letterbox_fills_its_side_and_keeps_proportions(height: int, width: int, size: int, margin: float) -> None:
    letterbox = Letterbox.fit(height, width, size, margin)
    assert abs(max(letterbox.height, letterbox.width) + 2 * letterbox.offset - size) <= 2
    assert min(letterbox.height, letterbox.width) >= 1
    corner = letterbox.to_canvas(np.array([width, height], float))
    np.testing.assert_allclose(corner, np.array([letterbox.width, letterbox.height]) + letterbox.offset)


def test_an_angle_grows_clockwise_from_the_x_axis() -> None:
    assert angle(np.array([1.0, 1]), np.array([1.0, 5])) == pytest.approx(pi / 2)
    assert angle(np.array([0.0, 0]), np.array([3.0, -3])) == pytest.approx(-pi / 4)


@given(arrays(np.float64, (21, 2), elements=st.floats(-20_000, 20_000)), side, side)
def test_quantised_points_survive_relative_coordinates_to_the_bit(points: Points, height: int, width: int) -> None:
    kept = quantise(points)
    assert np.abs(kept - points).max() <= 1 / 2048
    assert (quantise(kept / (width, height) * (width, height)) == kept).all()
