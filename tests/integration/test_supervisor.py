"""The supervisor with real processes."""

import io
import os

import pytest

from embedded.errors import StackFailed
from embedded.stack import Stack
from embedded.supervisor import RESTARTS, Child, Supervisor

pytestmark = pytest.mark.stack


def test_a_child_that_dies_again_and_again_is_an_error_that_names_it() -> None:
    log = io.StringIO()
    supervisor = Supervisor(os.environ, log)
    # A role that does not exist: the process ends at once.
    supervisor.start(Child("worker", ["nothing"], stop_s=1))
    with pytest.raises(StackFailed, match="worker died"):
        Stack("http://127.0.0.1", "redis://127.0.0.1", supervisor).keep_up()
    assert log.getvalue().count("died, starting it again") == RESTARTS
    assert supervisor.dead() == "worker"
    supervisor.stop()
