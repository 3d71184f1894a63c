from dataclasses import replace

import pytest

from bench.reliability.overload.goals import (
    Step,
    answered_per_s,
    outcomes,
    percentiles_ms,
    share_of_peak,
    statuses_of,
    together,
)
from bench.reliability.overload.open_loop import Answer, OpenResult

GOOD = Step(
    scenario="synchronous",
    times=1,
    arrivals=10,
    goodput=10,
    statuses={200: 100},
    p50_ms=50,
    p99_ms=100,
    without_retry_after=0,
    unfinished=0,
    recovered_s=1,
    memory_mb=1000,
    shares={"client": 0.1},
)
HIGHEST = replace(GOOD, times=4, goodput=9, statuses={200: 90, 429: 310}, p99_ms=300, recovered_s=10, memory_mb=1250)


def missed(highest: Step) -> list[str]:
    return [found.goal for found in outcomes([[GOOD], [highest]], idle_memory_mb=1000) if not found.met]


def test_goals_are_met_at_their_bounds() -> None:
    assert missed(HIGHEST) == []


@pytest.mark.parametrize(
    ("highest", "goal"),
    [
        (replace(HIGHEST, goodput=8.9), "goodput"),
        (replace(HIGHEST, p99_ms=301), "p99"),
        (replace(HIGHEST, statuses={200: 90, 504: 1}), "504"),
        (replace(HIGHEST, statuses={200: 90, 0: 1}), "504"),
        (replace(HIGHEST, without_retry_after=1), "Retry-After"),
        (replace(HIGHEST, unfinished=1), "accepted"),
        (replace(HIGHEST, recovered_s=10.1), "recovered"),
        (replace(HIGHEST, memory_mb=1251), "memory"),
    ],
)
def test_each_goal_can_be_missed_alone(highest: Step, goal: str) -> None:
    (found,) = missed(highest)
    assert goal in found


def test_the_share_of_the_peak_is_that_of_parts_sent_in_turn() -> None:
    at_capacity, twice, highest = (
        [replace(GOOD, goodput=goodput) for goodput in load] for load in ([10, 5, 20], [11, 6, 22], [9, 5, 20])
    )
    assert share_of_peak([at_capacity, twice, highest]) == pytest.approx(5 / 6)
    assert share_of_peak([highest, at_capacity]) == 1
    assert share_of_peak([[replace(GOOD, goodput=0)]]) == 0


def test_only_answers_in_time_count_and_latencies_begin_when_the_request_was_due() -> None:
    answers = [
        Answer("synchronous", due=1, ended=1.5, status=200),
        Answer("synchronous", due=9, ended=11, status=200),
        Answer("synchronous", due=2, ended=2.1, status=429, retry_after=2),
        Answer("synchronous", due=3),
    ]
    result = OpenResult(0, seconds=10, answers=answers)
    assert answered_per_s(result) == 0.1
    assert statuses_of(result) == {0: 1, 200: 2, 429: 1}
    p50, _ = percentiles_ms(result)
    assert p50 == pytest.approx(1250)


def test_the_parts_of_a_load_are_one_step() -> None:
    slow = replace(GOOD, goodput=2, p99_ms=900, statuses={200: 20, 429: 5}, recovered_s=3, memory_mb=900, unfinished=1)
    step = together([GOOD, slow, replace(GOOD, goodput=11, p50_ms=40, without_retry_after=2)])
    assert (step.goodput, step.p50_ms, step.p99_ms) == (10, 50, 100)
    assert step.statuses == {200: 220, 429: 5}
    assert (step.recovered_s, step.memory_mb) == (3, 1000)
    assert (step.unfinished, step.without_retry_after) == (1, 2)
    assert together([replace(GOOD, p50_ms=None, p99_ms=None)]).p99_ms is None
