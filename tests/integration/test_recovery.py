"""That nothing is lost when parts of a deployment are killed."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep

import pytest

from broker.queues import CO_LOCATED
from embedded.supervisor import Child
from models.family import ModelFamily
from tests.integration.conftest import FOUR, Deploy, Deployment, v2_sample

pytestmark = pytest.mark.stack

QUICK_REAPER = {
    "FACELINE_JOBS__STAGE_DEADLINE_S": "20",
    "FACELINE_JOBS__VISIBILITY_TIMEOUT_S": "21",
    "FACELINE_JOBS__STALLED_AFTER_S": "22",
}


def kill(deployment: Deployment, name: str) -> None:
    """Kill a part as hard as can be, and let the supervisor start it again."""
    (pid,) = deployment.stack.supervisor.pids(name)
    os.kill(pid, signal.SIGKILL)
    deadline = monotonic() + 20
    while deployment.stack.supervisor.pids(name) == [pid]:
        assert monotonic() < deadline
        sleep(0.05)
        deployment.stack.supervisor.restart_dead()


def submit_many(deployment: Deployment, count: int) -> list[dict[str, object]]:
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda _: deployment.submit(FOUR, v2_sample()), range(count)))


@pytest.mark.parametrize("part", ["worker", "server"])
def test_every_job_ends_well_though_a_part_is_killed_while_it_runs(deploy: Deploy, part: str) -> None:
    with deploy() as running:
        jobs = submit_many(running, 40)
        running.wait(jobs[5])
        kill(running, part)
        assert {running.wait(job, seconds=60)["status"] for job in jobs} == {"succeeded"}


def test_jobs_wait_for_a_worker_that_comes_later(deploy: Deploy) -> None:
    with deploy() as running:
        (pid,) = running.stack.supervisor.pids("worker")
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)
        job = running.submit(FOUR, v2_sample())
        running.stack.supervisor.restart_dead()
        assert running.wait(job)["status"] == "succeeded"


def test_a_message_that_got_lost_is_sent_again(deploy: Deploy) -> None:
    with deploy(**QUICK_REAPER) as running:
        (pid,) = running.stack.supervisor.pids("worker")
        os.kill(pid, signal.SIGSTOP)
        jobs = submit_many(running, 4)
        assert running.redis.delete(CO_LOCATED) == 1
        os.kill(pid, signal.SIGCONT)
        assert {running.wait(job, seconds=55)["status"] for job in jobs} == {"succeeded"}


def test_a_message_that_is_lost_on_its_way_to_a_worker_that_dies_is_sent_again_once_the_death_is_noticed(
    deploy: Deploy,
) -> None:
    with deploy(FACELINE_EMBEDDED_WORKERS="2") as running:
        pids = dying, living = running.stack.supervisor.pids("worker")
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        # The broker hands a message to each connection that waits for one; a stopped worker does not note it.
        jobs = submit_many(running, 6)
        assert running.redis.llen(CO_LOCATED) < len(jobs)
        os.kill(dying, signal.SIGKILL)
        os.kill(living, signal.SIGCONT)
        # Long before the reaper would look at them.
        assert {running.wait(job, seconds=50)["status"] for job in jobs} == {"succeeded"}


def test_a_message_that_is_lost_while_no_worker_lives_is_sent_again_by_the_next_one(deploy: Deploy) -> None:
    with deploy(workers=[]) as idle:
        job = idle.submit(FOUR, v2_sample())
        assert idle.redis.delete("face-detection") == 1
        idle.stack.supervisor.start(Child("worker", ["worker", *ModelFamily], stop_s=10))
        assert idle.wait(job, seconds=50)["status"] == "succeeded"


def test_a_worker_that_is_told_to_stop_ends_what_it_began(deploy: Deploy) -> None:
    with deploy() as running:
        jobs = submit_many(running, 10)
        (pid,) = running.stack.supervisor.pids("worker")
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)
        views = [running.client.get(f"/jobs/{job['id']}").json() for job in jobs]
        assert "running" not in {stage["status"] for view in views for stage in view["stages"]}
        running.stack.supervisor.restart_dead()
        assert {running.wait(job)["status"] for job in jobs} == {"succeeded"}
