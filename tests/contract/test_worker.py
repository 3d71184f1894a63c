"""The life of a worker process, on a real server; the family `matching` needs no weights."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import pytest

from broker.chain import CHECK_TASK, STAGE_TASK
from jobs.redis.connection import connect
from jobs.redis.presence import Presence

NODE = "tested@localhost"
CELERY = [sys.executable, "-m", "celery", "-A", "workers.app"]


@pytest.fixture
def environment(server_url: str, tmp_path: Path) -> dict[str, str]:
    """A deployment whose weights were not pulled."""
    return {**os.environ, "FACELINE_REDIS_URL": server_url, "FACELINE_WEIGHTS_DIR": str(tmp_path)}


@contextmanager
def worker(environment: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker that has reported itself."""
    presence = Presence(connect(environment["FACELINE_REDIS_URL"], patience_s=1))
    process = subprocess.Popen([*CELERY, "--quiet", "worker", "-Q", "matching", "-n", NODE], env=environment)
    try:
        deadline = monotonic() + 60
        while not presence.workers():
            assert process.poll() is None, "the worker ended"
            assert monotonic() < deadline, "the worker did not report itself"
            sleep(0.05)
        yield process
    finally:
        process.kill()
        process.wait()


def celery(environment: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*CELERY, *arguments], env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_a_worker_without_its_models_ends_with_an_error_that_names_the_remedy(environment: dict[str, str]) -> None:
    ended = celery(environment, "--quiet", "worker", "-Q", "face-detection")
    assert ended.returncode == 1
    assert "the worker cannot start" in ended.stderr
    assert "faceline weights pull" in ended.stderr


def test_a_worker_offers_its_tasks_and_reports_its_end(environment: dict[str, str]) -> None:
    presence = Presence(connect(environment["FACELINE_REDIS_URL"], patience_s=1))
    with worker(environment) as process:
        (report,) = presence.workers()
        assert report.queues == ["matching"]
        registered = celery(environment, "inspect", "registered", "--destination", NODE, "--timeout", "60")
        assert registered.returncode == 0, registered.stderr
        assert STAGE_TASK in registered.stdout
        assert CHECK_TASK in registered.stdout
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert presence.workers() == []


def test_other_commands_of_celery_build_no_worker(environment: dict[str, str]) -> None:
    script = f"from workers.app import app; app.finalize(); assert {STAGE_TASK!r} not in app.tasks"
    subprocess.run([sys.executable, "-c", script], env=environment, check=True)
    # Without the weights that a worker of these queues would load.
    assert "No nodes replied" in celery(environment, "inspect", "ping", "--timeout", "1").stderr
