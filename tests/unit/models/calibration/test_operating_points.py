import pytest

from models.calibration.operating_points import (
    DEFAULT_PURPOSE,
    STEPS_PER_DISSIMILARITY,
    Purpose,
    operating_points,
    sface_calibration,
)


def test_the_points_are_those_of_the_contract() -> None:
    points = operating_points()
    assert {name: point.fa_r for name, point in points.items()} == {
        "convenience": 1e-3,
        "identity": 1e-4,
        "strict": 1e-5,
    }
    assert DEFAULT_PURPOSE == "identity"
    assert [point.name for point in points.values()] == list(points)


@pytest.mark.parametrize("purpose", ["convenience", "identity", "strict"])
def test_a_point_has_the_largest_distance_that_keeps_its_rate(purpose: Purpose) -> None:
    point = operating_points()[purpose]
    last, next_one = (
        sface_calibration().rates(distance / STEPS_PER_DISSIMILARITY).fa_r
        for distance in (point.max_distance, point.max_distance + 1)
    )
    assert last <= point.fa_r < next_one
    assert point.accepts(point.max_distance)
    assert not point.accepts(point.max_distance + 1)


def test_look_alikes_pass_more_often_than_random_strangers_and_less_often_at_stricter_points() -> None:
    rates = [point.look_alike_rate for point in operating_points().values()]
    assert rates == sorted(rates, reverse=True)
    assert all(point.look_alike_rate > 10 * point.fa_r for point in operating_points().values())
