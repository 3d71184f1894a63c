"""The supervisor with real processes."""

import io
import os
from pathlib import Path
from time import monotonic, sleep

import pytest

from embedded.errors import StackFailed
from embedded.supervisor import Child, Supervisor
from tests.integration.conftest import Deploy

pytestmark = pytest.mark.stack

# A role that does not exist: the process ends at once.
UNABLE = ["nothing"]


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


def test_a_stack_whose_server_cannot_start_is_an_error(deploy: Deploy, tmp_path: Path) -> None:
    manifest = tmp_path / "appendonlydir" / "appendonly.aof.manifest"
    manifest.parent.mkdir()
    manifest.write_text("this is no manifest")
    with pytest.raises(StackFailed, match="server did not start"), deploy(FACELINE_DATA_DIR=str(tmp_path)):
        pass
