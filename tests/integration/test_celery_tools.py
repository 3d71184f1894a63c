"""Celery's own commands, as an operator types them, with the settings of the deployment."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from broker.app import create_app
from broker.chain import send_check
from broker.queues import FamilyQueues, all_queues
from models.family import ModelFamily
from tests.integration.trial import QUEUE, Trial, trial

pytestmark = pytest.mark.stack

ROOT = Path(__file__).parents[2]


@pytest.fixture
def running(server_url: str, tmp_path: Path) -> Iterator[Trial]:
    with trial(ROOT, server_url, tmp_path / "log") as workers:
        yield workers


def celery(url: str, *command: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "celery", "-A", "workers.app", *command],
        env={**os.environ, "FACELINE_REDIS_URL": url},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def test_inspect_and_control_work_from_the_command_line(running: Trial, server_url: str) -> None:
    worker = running.start(FACELINE_WORKER_THREADS="2")
    assert "pong" in celery(server_url, "inspect", "ping")
    (queues,) = json.loads(celery(server_url, "inspect", "active_queues", "--json")).values()
    assert sorted(queue["name"] for queue in queues) == sorted(all_queues([QUEUE]))
    (stats,) = json.loads(celery(server_url, "inspect", "stats", "--json")).values()
    assert stats["pool"]["max-concurrency"] == 2
    celery(server_url, "control", "cancel_consumer", f"{QUEUE}.bulk")
    (queues,) = json.loads(celery(server_url, "inspect", "active_queues", "--json")).values()
    assert sorted(queue["name"] for queue in queues) == sorted(set(all_queues([QUEUE])) - {f"{QUEUE}.bulk"})
    # A worker that ends does not answer, which Celery counts as a failure.
    celery(server_url, "control", "shutdown", code=os.EX_UNAVAILABLE)
    assert worker.wait(60) == 0
    assert "Traceback" not in running.log.read_text()


def test_workers_send_the_events_that_flower_shows_if_they_are_told_to(running: Trial, server_url: str) -> None:
    running.start(FACELINE_WORKER_THREADS="1", FACELINE_CELERY_EVENTS="true")
    seen: list[str] = []
    app = create_app(server_url)

    def note(event: dict[str, Any]) -> None:
        if not seen:
            # The first one is a heartbeat: the receiver is ready now.
            send_check(app, "check-1", ModelFamily.MATCHING, FamilyQueues(co_locate=False))
        seen.append(event["type"])
        receiver.should_stop = event["type"] == "task-succeeded"

    with app.connection_for_read() as connection:
        receiver = app.events.Receiver(connection, handlers={"*": note})
        receiver.capture(timeout=60)
    app.close()
    assert {"worker-heartbeat", "task-received", "task-succeeded"} <= set(seen)
