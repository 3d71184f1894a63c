import os
import subprocess
import sys
from pathlib import Path

from embedded.probe import SILENCE_S, problem


def test_a_worker_that_renews_its_file_works(tmp_path: Path) -> None:
    path = tmp_path / "alive"
    path.write_text("not consuming")
    now = path.stat().st_mtime
    assert problem(path, consuming=False, now=now + SILENCE_S / 2) is None
    assert problem(path, consuming=True, now=now) == "the worker takes no messages"
    assert "has not renewed" in str(problem(path, consuming=False, now=now + 2 * SILENCE_S))
    path.write_text("consuming")
    assert problem(path, consuming=True, now=path.stat().st_mtime) is None


def test_a_worker_without_a_file_has_not_started(tmp_path: Path) -> None:
    assert "cannot be read" in str(problem(tmp_path / "none", consuming=False, now=0))


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "embedded.probe"]
    environment = {**os.environ, "FACELINE_ALIVE_FILE": str(tmp_path / "alive")}
    failed = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert "cannot be read" in failed.stderr
    (tmp_path / "alive").write_text("consuming")
    assert subprocess.run([*command, "--consuming"], env=environment, check=False).returncode == 0
