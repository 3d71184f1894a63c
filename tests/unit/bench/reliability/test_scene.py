"""Which worker a scenario disturbs, and how often."""

from random import Random
from typing import Any, cast

import httpx
import pytest

from bench.reliability import scene
from bench.reliability.ledger import Ledger
from bench.reliability.scene import Scene
from bench.reliability.stack import worker_pid
from bench.reliability.work import DETECTOR, Work
from jobs.redis import keys

Record = tuple[bytes | None, bytes | None]
"""The status and the holder of a job in the store."""
JOBS = "ab"
"""The jobs of callers."""


class Stack:
    """Two live workers; the store answers with one state after another, and then with the last again and again."""

    def __init__(self, *states: dict[str, Record]) -> None:
        self._states = list(states)
        self.readings = 0

    def live_workers(self) -> list[int]:
        return [11, 12]

    def serves(self, pid: int, _: object) -> bool:
        return pid == 12

    def store(self) -> "Stack":
        self.readings += 1
        return self

    def hmget(self, key: str, _: object) -> Record:
        state = self._states[min(self.readings, len(self._states)) - 1]
        return {keys.record(job_id): record for job_id, record in state.items()}[key]


def in_scene(stack: Any, seconds: float = 1) -> Scene:
    jobs = {"jobs": [{"id": job_id} for job_id in (*JOBS, "of a call")]}
    client = httpx.Client(
        base_url="http://faceline", transport=httpx.MockTransport(lambda _: httpx.Response(200, json=jobs))
    )
    ledger, load = Ledger(), cast(Any, None)
    for job_id in JOBS:
        ledger.acknowledge(job_id, Work("photo.jpg", (DETECTOR,)), job_id, at=0)
    return Scene(stack, client, load, ledger, Random(1), [], seconds)


def test_the_victim_is_a_worker_that_holds_a_job() -> None:
    stack = Stack({"a": (b"running", b"host:11:0f"), "b": (b"running", None)})
    assert in_scene(stack).busy_victim(needed=False) == (11, {"a"})


def test_a_scenario_waits_until_a_worker_holds_a_job() -> None:
    idle: dict[str, Record] = {"a": (b"succeeded", b"host:12:0f"), "b": (b"queued", None)}
    stack = Stack(idle, idle, {"a": (b"running", b"host:12:0f"), "b": (b"running", b"host:11:0f")})
    assert in_scene(stack).busy_victim(needed=True) == (12, {"a", "b"})
    assert stack.readings == 3


def test_no_job_is_hit_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scene, "PATIENCE_S", 2)
    scenario = in_scene(Stack({"a": (b"running", b"host:11:0f"), "b": (b"running", b"host:12:0f")}))
    assert {scenario.busy_victim(needed=False)[0] for _ in range(2)} == {11, 12}
    assert scenario.hit == set(JOBS)


def test_without_work_in_time_a_live_worker_is_the_victim(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scene, "PATIENCE_S", 0.2)
    stack = Stack(dict.fromkeys(JOBS, (b"queued", None)))
    assert in_scene(stack).busy_victim(needed=True) == (12, set(JOBS))


@pytest.mark.parametrize(("seconds", "times"), [(1, 10), (30, 10), (60, 20)])
def test_a_short_run_disturbs_at_least_a_given_number_of_times(seconds: float, times: int) -> None:
    assert in_scene(Stack(), seconds).times(3, least=10) == times


def test_the_name_of_a_worker_has_its_process_id() -> None:
    assert worker_pid("host:123:0f2a") == 123
