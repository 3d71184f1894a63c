"""The plan of a deployment for a load."""

import pytest

from bench.capacity import Demand, PhotoCosts, plan

COSTS = PhotoCosts(
    cpu_s={"worker": 0.030, "api": 0.006, "server": 0.001},
    process_mb={"worker": 500, "api": 130},
    threads=4,
    kept_bytes=5_000,
    waiting_bytes=200_000,
)


def sizes(**demand: float) -> dict[str, str]:
    asked = {"photos_per_s": 100, "busy": 0.5, "kept_s": 3600, "waiting_s": 60, "store_share": 0.7, **demand}
    return {need: size for need, size, _ in plan(COSTS, Demand(**asked))}


def test_cores_memory_and_processes_follow_from_the_load() -> None:
    assert sizes() == {
        "cores of workers": "6.0",
        "workers of 4 threads": "2",
        "API processes": "2",
        "store: its one core busy": "10 %",
        "store: results": "1,800 MB",
        "store: photos that wait": "1,200 MB",
        "store: `maxmemory`": "4,286 MB",
    }


@pytest.mark.parametrize(("changed", "need"), [("kept_s", "store: results"), ("waiting_s", "store: photos that wait")])
def test_times_change_what_the_store_holds_and_nothing_else(changed: str, need: str) -> None:
    before, after = sizes(), sizes(**{changed: 0})
    assert after[need] == "0 MB"
    assert {name for name in before if before[name] != after[name]} == {need, "store: `maxmemory`"}
