from pathlib import Path

import pytest

from config.engine import Device, tasks_at_a_time, threads_per_task, usable_cores


@pytest.mark.parametrize(("quota", "cores"), [("100000 100000\n", 1), ("50000 100000\n", 1), ("max 100000\n", None)])
def test_a_container_may_use_no_more_than_its_quota(tmp_path: Path, quota: str, cores: int | None) -> None:
    unlimited = usable_cores(tmp_path / "there is none")
    assert unlimited >= 1
    file = tmp_path / "cpu.max"
    file.write_text(quota)
    assert usable_cores(file) == (cores or unlimited)


@pytest.mark.parametrize("cores", [1, 2, 3, 8, 64])
@pytest.mark.parametrize("tasks", [None, 1, 2, 5])
def test_threads_on_the_cpu_never_outnumber_the_cores(cores: int, tasks: int | None) -> None:
    tasks = tasks or tasks_at_a_time("cpu", 32, cores)
    per_task = threads_per_task(tasks, cores)
    assert per_task >= 1
    assert tasks * per_task <= max(cores, tasks)


@pytest.mark.parametrize("device", ["cuda", "tensorrt"])
@pytest.mark.parametrize(("cores", "tasks"), [(2, 8), (16, 64), (32, 64), (96, 96)])
def test_on_a_gpu_tasks_fill_two_batches_as_far_as_the_cores_can_feed_them(
    device: Device, cores: int, tasks: int
) -> None:
    assert tasks_at_a_time(device, 32, cores) == tasks
