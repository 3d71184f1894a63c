"""The supervisor with real processes."""

import io
import os
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

import httpx
import psutil
import pytest

from embedded.errors import StackFailed
from embedded.supervisor import Child, Supervisor
from tests.integration.conftest import Deploy
from tests.waiting import until

pytestmark = pytest.mark.stack

# A role that does not exist: the process ends at once.
UNABLE = ["nothing"]
TOO_LARGE = {"TOO_LARGE": "x" * 4_000_000}
"""An environment with which the system starts no process, as without memory or processes left."""


def test_a_child_that_dies_again_and_again_is_started_after_growing_pauses() -> None:
    log = io.StringIO()
    supervisor = Supervisor(os.environ, log)
    supervisor.start(Child("worker", UNABLE, stop_s=1))
    deadline = monotonic() + 60
    while log.getvalue().count("starting it again") < 4:
        assert monotonic() < deadline
        sleep(0.05)
        supervisor.restart_dead()
    notes = [line.partition("starting it again")[2] for line in log.getvalue().splitlines() if "died (" in line]
    assert notes == ["", " in 0.5 s", " in 1 s", " in 2 s"]
    assert supervisor.failing() == ["worker died 4 times in a row (exit code 1); its log says why"]
    supervisor.stop()


def test_a_child_that_cannot_start_leaves_the_others_running_and_readiness_names_it(deploy: Deploy) -> None:
    with deploy() as running:
        supervisor = running.stack.supervisor
        healthy = [supervisor.pids(name) for name in ("server", "api")] + [supervisor.pids("worker")]
        supervisor.start(Child("worker", UNABLE, stop_s=1))
        deadline = monotonic() + 60
        while len(supervisor.failing()) == 0:
            assert monotonic() < deadline
            sleep(0.1)
            running.stack.check()
        running.stack.check()
        ready = running.client.get("/readyz").json()
        assert [reason.partition(" died")[0] for reason in ready["failing"]] == ["worker"]
        # The worker that runs answers for all families.
        assert ready["ready"]
        assert [supervisor.pids(name) for name in ("server", "api")] + [supervisor.pids("worker")[:1]] == healthy


def test_a_process_that_the_system_does_not_start_is_tried_again_and_the_others_run_on(deploy: Deploy) -> None:
    with deploy() as running:
        supervisor = running.stack.supervisor
        healthy = [supervisor.pids(name) for name in ("server", "api", "worker")]
        child = Child("webhooks", ["webhooks"], stop_s=5, environment=TOO_LARGE)
        supervisor.start(child)

        def named() -> list[str]:
            running.stack.check()
            return list(running.client.get("/readyz").json()["failing"])

        (reason,) = until(named)
        assert reason.partition(" died")[0] == "webhooks"
        assert "(could not be started: Argument list too long)" in reason
        lines = running.log.read_text().splitlines()
        assert "webhooks | could not be started: Argument list too long" in lines
        assert [supervisor.pids(name) for name in ("server", "api", "worker")] == healthy
        child.environment = {}
        until(lambda: supervisor.restart_dead() or child.alive)
        assert supervisor.dead() is None


def test_a_running_child_that_the_system_does_not_start_again_is_started_once_it_can() -> None:
    log = io.StringIO()
    supervisor = Supervisor(os.environ, log)
    child = Child("worker", UNABLE, stop_s=1)
    supervisor.start(child)
    until(lambda: not child.alive)
    child.environment = TOO_LARGE
    # The second failure in a row: it has a pause.
    until(lambda: supervisor.restart_dead() or " in 0.5 s" in log.getvalue())
    assert supervisor.dead() == "worker"
    assert supervisor.pids("worker") == []
    child.environment = {}
    until(lambda: supervisor.restart_dead() or supervisor.pids("worker"))
    supervisor.stop()


@pytest.mark.parametrize("place", ["a full disk", "a closed pipe"])
def test_a_stack_runs_on_while_its_log_cannot_be_written(place: str, tmp_path: Path) -> None:
    note, environment = tmp_path / "url", {**os.environ, "FACELINE_DATA_DIR": str(tmp_path)}
    if place == "a full disk":
        stderr = os.open("/dev/full", os.O_WRONLY)
    else:
        reader, stderr = os.pipe()
        os.close(reader)
    command = [sys.executable, "-P", "-m", "cli.main", "up", "--port", "0"]
    with subprocess.Popen(command, env=environment, stderr=stderr) as process:
        os.close(stderr)
        try:
            until(lambda: note.exists() or process.poll() is not None, 120)
            url = note.read_text()
            (worker, *_) = (child for child in psutil.Process(process.pid).children() if "worker" in child.cmdline())
            # Its death and its new start are lines of the log.
            worker.kill()
            until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)
            sleep(3)
            assert process.poll() is None
            until(lambda: httpx.get(f"{url}/readyz", trust_env=False).is_success)
            process.send_signal(signal.SIGTERM)
            process.wait(60)
            assert not note.exists()
        finally:
            process.kill()


def test_a_stack_whose_server_cannot_start_is_an_error(deploy: Deploy, tmp_path: Path) -> None:
    manifest = tmp_path / "appendonlydir" / "appendonly.aof.manifest"
    manifest.parent.mkdir()
    manifest.write_text("this is no manifest")
    with pytest.raises(StackFailed, match="server did not start"), deploy(FACELINE_DATA_DIR=str(tmp_path)):
        pass
