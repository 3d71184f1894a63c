"""That the stages of a job run on the queues of their families, and what their messages carry."""

import json
import os
from base64 import b64decode
from collections.abc import Iterator

import psutil
import pytest
from celery import Celery

from embedded.process import NICENESS
from embedded.supervisor import Child
from models.family import ModelFamily
from tests.integration.conftest import FOUR, Deploy, Deployment, base64_photo, photo, v2_sample

pytestmark = pytest.mark.stack

OTHERS = [family.value for family in ModelFamily if family is not ModelFamily.FACE_DETECTION]


@pytest.fixture(scope="module")
def two_workers(deploy: Deploy) -> Iterator[Deployment]:
    """One worker for one family, another for all others."""
    with deploy(workers=[["face-detection"], OTHERS]) as running:
        yield running


def test_each_family_runs_on_its_own_worker_from_its_own_queue(two_workers: Deployment) -> None:
    app = Celery(broker=two_workers.stack.redis_url.replace("unix://", "redis+socket://"))
    consumed = app.control.inspect(timeout=2).active_queues()
    assert consumed is not None
    queues = sorted(sorted(queue["name"] for queue in queues) for queues in consumed.values())
    assert queues == [
        sorted(f"{family}{suffix}" for family in families for suffix in ("", ".bulk", ".high", ".last"))
        for families in (OTHERS, ["face-detection"])
    ]
    job = two_workers.wait(two_workers.submit(FOUR, v2_sample()))
    assert [stage["queue"] for stage in job["stages"]] == ["face-detection"] + ["face-attributes"] * 3
    workers = [stage["worker"] for stage in job["stages"]]
    assert workers[1] == workers[2] == workers[3] != workers[0]
    ran = app.control.inspect(timeout=2).stats()
    assert ran is not None
    assert all(worker["total"]["faceline.stage"] >= 1 for worker in ran.values())


def test_priority_chooses_the_queue(two_workers: Deployment) -> None:
    for priority, suffix in (("high", ".high"), ("normal", ""), ("bulk", ".bulk")):
        job = two_workers.wait(two_workers.submit(FOUR[:2], v2_sample(), priority=priority))
        assert [stage["queue"] for stage in job["stages"]] == [f"face-detection{suffix}", f"face-attributes{suffix}"]


def test_messages_carry_ids_and_neither_pixels_nor_results(deploy: Deploy) -> None:
    """The messages themselves, caught in the queue before a worker takes them."""
    with deploy(workers=[]) as idle:
        job = idle.submit(FOUR, {**v2_sample(), "note": "a private remark"})
        (message,) = idle.redis.lrange("face-detection", 0, -1)
        body = b64decode(json.loads(message)["body"])
        assert len(message) < 4000
        assert job["id"].encode() in body
        for private in (base64_photo()[100:160].encode(), photo()[1000:1040], b"a private remark"):
            assert private not in message
            assert private not in body


def test_messages_between_stages_are_no_larger(two_workers: Deployment) -> None:
    """Everything that was pushed while a job ran, as the server saw it."""
    with two_workers.redis.monitor() as monitor:
        two_workers.wait(two_workers.submit(FOUR, v2_sample()))
        two_workers.redis.set("faceline-test:end", 1, ex=5)
        pushed: list[str] = []
        for seen in monitor.listen():
            if "faceline-test:end" in seen["command"]:
                break
            if seen["command"].startswith("LPUSH"):
                pushed.append(seen["command"])
    stages = [command for command in pushed if "faceline.stage" in command]
    assert len(stages) == 2
    assert all(len(command) < 4000 for command in stages)
    assert not any(base64_photo()[100:160] in command for command in pushed)


def test_an_urgent_job_overtakes_those_that_wait(deploy: Deploy) -> None:
    with deploy(workers=[], FACELINE_WORKER_THREADS="1") as idle:
        slow = [idle.submit(FOUR[:1], v2_sample(), priority="bulk") for _ in range(5)]
        urgent = idle.submit(FOUR[:1], v2_sample(), priority="high")
        idle.stack.supervisor.start(Child("worker", ["worker", "face-detection"], stop_s=10))
        finished = {job["id"]: idle.wait(job)["finished_at"] for job in [*slow, urgent]}
        assert finished[urgent["id"]] < sorted(finished[job["id"]] for job in slow)[1]


def test_workers_give_way_to_the_api(two_workers: Deployment) -> None:
    (worker, _), (api,) = (map(psutil.Process, two_workers.stack.supervisor.pids(name)) for name in ("worker", "api"))
    assert (worker.nice(), api.nice()) == (min(api.nice() + NICENESS, 19), psutil.Process().nice())


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="the system has no batch policy")
def test_neither_the_api_nor_a_worker_interrupts_others_when_it_wakes(two_workers: Deployment) -> None:
    for name in ("worker", "api"):
        for pid in two_workers.stack.supervisor.pids(name):
            # The main thread has it, and all that it starts.
            assert os.sched_getscheduler(pid) == os.SCHED_BATCH
