"""A short form of `make overload`, with bounds that a busy machine keeps."""

import os
from typing import Any

import pytest

from bench.reliability.overload.goals import SYNC
from bench.reliability.overload.stack_bench import Scenario, overload_bench
from models.errors import WeightsMissing

pytestmark = pytest.mark.stack

SECONDS = 5.0


@pytest.fixture(autouse=True)
def small_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACELINE_EMBEDDED_WORKERS", "1")


def test_under_four_times_its_capacity_a_stack_works_on_and_refuses_the_rest(record_property: Any) -> None:
    try:
        with overload_bench(SECONDS) as bench:
            bench.warm()
            capacity = bench.measure_capacity()
            for scenario in (Scenario(SYNC, 1), Scenario("both, bulk jobs wait", 0.5, bulk=20)):
                step = bench.run(scenario, 4, capacity)
                record_property(scenario.name, str(step))
                assert not {status for status in step.statuses if status not in (200, 202, 429)}, step
                assert step.statuses[200] > 0
                assert step.statuses[429] > 0
                assert step.without_retry_after == 0
                assert step.goodput > 0
                assert step.unfinished == 0
                assert step.recovered_s < float("inf")
            assert bench.unfinished_bulk() == 0
    except WeightsMissing as error:
        if "CI" in os.environ:
            raise
        pytest.skip(str(error))
