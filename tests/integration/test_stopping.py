"""How processes end: what they finish, what they leave for others, and what they say."""

import io
import os
import re
import signal
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import psutil
import pytest

from broker.queues import CO_LOCATED, all_queues
from embedded.supervisor import Child, Supervisor
from jobs.job import JobStatus
from jobs.redis.connection import connect
from tests.copied_tree import environment_of
from tests.integration.trial import GOOD, QUEUE, Trial, trial, trial_tree
from tests.waiting import until

pytestmark = pytest.mark.stack

SLOW = {"TRIAL_S": "2", "FACELINE_WORKER_THREADS": "1"}
FOREVER = {**SLOW, "TRIAL_S": "600"}
BOTH = (signal.SIGTERM, signal.SIGINT)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trial_tree(tmp_path_factory.mktemp("tree"), {})


@pytest.fixture
def workers(tree: Path, server_url: str, tmp_path: Path) -> Iterator[Trial]:
    with trial(tree, server_url, tmp_path / "log") as running:
        yield running


@pytest.mark.parametrize("number", BOTH)
def test_a_worker_finishes_its_stage_and_takes_no_other(workers: Trial, number: signal.Signals) -> None:
    worker = workers.start(**SLOW)
    running, waiting = workers.submit(GOOD), workers.submit(GOOD)
    workers.wait_running(running)
    worker.send_signal(number)
    late = workers.submit(GOOD)
    assert worker.wait(60) == 0
    assert workers.find(running).status is JobStatus.SUCCEEDED
    assert [workers.find(job).started_at for job in (waiting, late)] == [None, None]
    # For the next worker: none is lost, and none waits until a message counts as forgotten.
    assert workers.redis.llen(QUEUE) == 2
    workers.start(FACELINE_WORKER_THREADS="1")
    assert {job.status for job in workers.wait_all([waiting, late], 30)} == {JobStatus.SUCCEEDED}


def test_an_idle_worker_that_was_told_to_end_takes_no_message_that_comes_then(workers: Trial) -> None:
    worker = workers.start(FACELINE_WORKER_THREADS="1")
    worker.send_signal(signal.SIGTERM)
    until(lambda: "takes no more messages" in workers.log.read_text())
    job = workers.submit(GOOD)
    assert worker.wait(60) == 0
    assert workers.find(job).started_at is None
    assert workers.redis.llen(QUEUE) == 1


def test_the_probe_of_a_worker_follows_it(workers: Trial, tmp_path: Path) -> None:
    alive = tmp_path / "alive"

    def probe() -> int:
        return subprocess.run(
            [sys.executable, "-P", "-m", "embedded.probe", "--consuming"],
            env={**os.environ, "FACELINE_ALIVE_FILE": str(alive)},
            stderr=subprocess.DEVNULL,
            check=False,
        ).returncode

    assert probe() == 1
    worker = workers.start(**SLOW, FACELINE_ALIVE_FILE=str(alive))
    until(lambda: probe() == 0)
    workers.wait_running(workers.submit(GOOD))
    worker.send_signal(signal.SIGTERM)
    until(lambda: probe() == 1)
    assert worker.wait(60) == 0


def test_a_second_signal_ends_a_worker_at_once_and_the_log_says_what_was_cut_off(workers: Trial) -> None:
    worker = workers.start(**FOREVER)
    job = workers.submit(GOOD)
    workers.wait_running(job)
    worker.send_signal(signal.SIGTERM)
    until(lambda: "takes no more messages" in workers.log.read_text())
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 1
    (line,) = (line for line in workers.log.read_text().splitlines() if "worker ends at once" in line)
    assert job in line


def test_all_workers_of_a_stack_are_told_at_the_same_time(workers: Trial, tree: Path, server_url: str) -> None:
    log = io.StringIO()
    supervisor = Supervisor({**environment_of(tree), **SLOW, "FACELINE_REDIS_URL": server_url}, log)
    for _ in range(2):
        supervisor.start(Child("worker", ["worker", QUEUE], stop_s=60))
    until(lambda: len(workers.presence.workers()) == 2)
    jobs = [workers.submit(GOOD) for _ in range(4)]
    until(lambda: sum(workers.find(job).started_at is not None for job in jobs) == 2)
    supervisor.stop()
    assert supervisor.killed == []
    ended = sorted(workers.find(job).status for job in jobs)
    assert ended == [JobStatus.QUEUED] * 2 + [JobStatus.SUCCEEDED] * 2
    said = re.findall("takes no more messages|job over", log.getvalue())
    assert said == ["takes no more messages"] * 2 + ["job over"] * 2


def test_a_child_that_does_not_end_is_killed_and_named(workers: Trial, tree: Path, server_url: str) -> None:
    log = io.StringIO()
    supervisor = Supervisor({**environment_of(tree), **FOREVER, "FACELINE_REDIS_URL": server_url}, log)
    supervisor.start(Child("worker", ["worker", QUEUE], stop_s=2))
    workers.wait_running(workers.submit(GOOD))
    (pid,) = supervisor.pids("worker")
    supervisor.stop()
    assert supervisor.killed == [f"worker {pid}"]
    assert "killed: it did not end within 2 s" in log.getvalue()
    assert not psutil.pid_exists(pid)


def image() -> bytes:
    """One on which the trial service waits for `TRIAL_S`."""
    return cv2.imencode(".png", np.zeros((20, GOOD, 3), np.uint8))[1].tobytes()


@contextmanager
def up(
    tree: Path, data_dir: Path, environment: Mapping[str, str], *, ignoring_sigint: bool = False
) -> Iterator[tuple["subprocess.Popen[str]", str, Path]]:
    """A stack of the tree that runs, its URL and its log."""
    log = data_dir / "up.log"
    given = {**environment_of(tree), "FACELINE_DATA_DIR": str(data_dir / "data"), "COLUMNS": "200", **environment}
    command = [sys.executable, "-P", "-m", "cli.main", "up", "--port", "0"]
    if ignoring_sigint:
        # As a shell starts a command of a script in the background.
        command = ["/bin/sh", "-c", "trap '' INT; exec \"$@\"", "sh", *command]
    with log.open("w") as lines, subprocess.Popen(command, env=given, cwd=tree, text=True, stderr=lines) as process:
        try:
            until(lambda: "Faceline is up" in log.read_text() or process.poll() is not None)
            (url,) = re.findall(r"Faceline is up at (http://\S+)", log.read_text())
            yield process, url, log
        finally:
            if process.poll() is None:
                process.kill()


def test_sigint_ends_a_stack_that_a_script_started_in_the_background(tree: Path, tmp_path: Path) -> None:
    with up(tree, tmp_path, {"FACELINE_EMBEDDED_WORKERS": "1"}, ignoring_sigint=True) as (process, _, log):
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert "Faceline is stopped" in log.read_text()


def test_a_second_signal_kills_what_still_works_and_says_so(tree: Path, tmp_path: Path) -> None:
    environment = {**FOREVER, "FACELINE_EMBEDDED_WORKERS": "1"}
    with up(tree, tmp_path, environment) as (process, url, log):
        children = psutil.Process(process.pid).children(recursive=True)
        files = {"image": ("image.png", image(), "image/png")}
        with httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
            job = client.post("/jobs/image", files=files, data={"services": "trial-detector"}).json()
            until(lambda: client.get(f"/jobs/{job['id']}").json()["status"] == "running")
        process.send_signal(signal.SIGINT)
        until(lambda: "takes no more messages" in log.read_text())
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 1
        (worker,) = (child.pid for child in children if f"{child.pid}@" in log.read_text())
        assert f"killed: worker {worker}" in log.read_text()
        assert "Faceline is stopped" not in log.read_text()
        assert not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children)


def test_callers_who_wait_when_a_stack_ends_are_told_so_soon(tree: Path, tmp_path: Path) -> None:
    """Their jobs are in the queue, and no worker will take them."""
    slow = {**SLOW, "TRIAL_S": "5"}
    environment = {**slow, "FACELINE_EMBEDDED_WORKERS": "1", "FACELINE_JOBS__SYNC_TIMEOUT_S": "300"}
    with up(tree, tmp_path, environment) as (process, url, log):
        sample = {"_image": {"blob": b64encode(image()).decode(), "format": "IMAGE"}}
        store: Any = connect(f"unix://{(tmp_path / 'data' / 'socket').read_text()}", patience_s=1)

        def ask(_: int) -> httpx.Response:
            return httpx.post(f"{url}/trial-detector/v2/process/sample", json=sample, timeout=120, trust_env=False)

        with ThreadPoolExecutor(3) as callers:
            answers = callers.map(ask, range(3))
            until(lambda: sum(map(store.llen, all_queues([CO_LOCATED]))) == 2)
            process.send_signal(signal.SIGTERM)
            assert sorted(answer.status_code for answer in answers) == [200, 503, 503]
        assert process.wait(60) == 0
        assert "Traceback" not in log.read_text()
