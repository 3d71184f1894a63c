from dataclasses import replace

import pytest

from bench.speed.tables import MAX_DRIFT, MIN_CORES, Baseline, SpeedTable, drift, mean, p50_p95_ms

TABLE = SpeedTable("Ways", ["way", "photos/s", "share"], [["bare", 20.0, 1.0], ["queue", 18.25, None]], [(20.0, 19.0)])


def test_median_and_95th_percentile_are_in_milliseconds() -> None:
    assert p50_p95_ms([index / 1000 for index in range(101)]) == pytest.approx((50, 95))


@pytest.mark.parametrize("baseline", [(10.0, 9.0), (9.0, 10.0)])
def test_drift_is_a_share_of_the_faster_loop_in_either_order(baseline: Baseline) -> None:
    assert drift(baseline) == pytest.approx(0.1)
    assert mean(baseline) == 9.5


@pytest.mark.parametrize(("after", "refused"), [(10.0, False), (9.1, False), (8.9, True), (11.3, True)])
def test_a_table_is_refused_if_one_of_its_bare_loops_drifted(after: float, refused: bool) -> None:
    assert replace(TABLE, baselines=[(10.0, 10.0), (10.0, after)]).refused is refused
    assert MAX_DRIFT == 0.10


def test_a_table_is_refused_if_its_bare_loop_lacked_cores() -> None:
    assert replace(TABLE, cores=[1.0, MIN_CORES - 0.01]).refused
    assert not replace(TABLE, cores=[1.0, MIN_CORES]).refused


def test_a_table_without_a_bare_loop_is_never_refused() -> None:
    assert not replace(TABLE, baselines=[]).refused


def test_a_table_round_trips_through_json() -> None:
    table = replace(TABLE, notes=["a note"], chart="share")
    assert SpeedTable.of_json(table.to_json()).to_json() == table.to_json()
    assert SpeedTable.of_json(table.to_json()).to_markdown() == table.to_markdown()


def test_text_is_aligned_left_and_numbers_right_with_three_digits() -> None:
    assert TABLE.to_markdown().splitlines()[2:6] == [
        "| way | photos/s | share |",
        "| --- | --: | --: |",
        "| bare | 20.0 | 1.00 |",
        "| queue | 18.2 | – |",
    ]


def test_markdown_shows_drift_and_cores_of_the_bare_loop() -> None:
    assert "differed by 5.0 %, and had 97 % of its cores" in replace(TABLE, cores=[0.97]).to_markdown()
