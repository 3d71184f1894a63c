"""`faceline up` as a person runs it: in a terminal, with Ctrl-C."""

import os
import re
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from config.settings import load_settings
from tests.waiting import until

pytestmark = pytest.mark.stack

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
OUR_PACKAGES = PROJECT["tool"]["importlinter"]["root_packages"]
FACELINE = [sys.executable, "-P", "-m", "cli.main"]


def descendants(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextmanager
def up(data_dir: Path, working_folder: Path | None = None) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A stack that runs, and its URL."""
    environment = {**os.environ, "FACELINE_DATA_DIR": str(data_dir), "COLUMNS": "200"}
    with subprocess.Popen(
        [*FACELINE, "up", "--port", "0"], env=environment, cwd=working_folder, text=True, stderr=subprocess.PIPE
    ) as process:
        assert process.stderr is not None
        try:
            lines = []
            for line in process.stderr:
                lines.append(line)
                if found := re.search(r"Faceline is up at (http://\S+)", line):
                    yield process, found[1]
                    break
            else:
                pytest.fail("".join(lines))
        finally:
            if process.poll() is None:
                process.kill()
            process.stderr.read()


def test_ctrl_c_ends_the_whole_tree_cleanly(tmp_path: Path) -> None:
    with up(tmp_path) as (process, url):
        assert httpx.get(f"{url}/readyz", trust_env=False).status_code == 200
        tree = descendants(process.pid)
        assert len(tree) == 4 + load_settings().embedded_workers  # server and its wrapper, webhooks, API, workers
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert not any(map(is_alive, tree))
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{url}/healthz", trust_env=False)


def test_a_killed_supervisor_leaves_no_orphans(tmp_path: Path) -> None:
    with up(tmp_path) as (process, _):
        tree = descendants(process.pid)
        process.kill()
        process.wait()
        until(lambda: not any(map(is_alive, tree)))


def test_a_second_stack_on_the_same_data_is_refused(tmp_path: Path) -> None:
    with up(tmp_path) as (process, _):
        environment = {**os.environ, "FACELINE_DATA_DIR": str(tmp_path), "COLUMNS": "200"}
        second = subprocess.run(
            [*FACELINE, "up", "--port", "0"], env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert second.returncode == 1
        assert "FACELINE_DATA_DIR" in second.stderr
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_a_port_in_use_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        environment = {**os.environ, "FACELINE_DATA_DIR": str(tmp_path), "COLUMNS": "200"}
        result = subprocess.run(
            [*FACELINE, "up", "--port", port], env=environment, capture_output=True, text=True, timeout=60, check=False
        )
    assert result.returncode == 1
    assert port in result.stderr
    assert "--port" in result.stderr
    assert "Traceback" not in result.stderr


def test_missing_weights_are_an_error_that_says_how_to_fetch_them(tmp_path: Path) -> None:
    environment = {**os.environ, "FACELINE_WEIGHTS_DIR": str(tmp_path / "empty"), "COLUMNS": "200"}
    result = subprocess.run(
        [*FACELINE, "up", "--port", "0"], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 1
    assert "faceline weights pull" in result.stderr


def finished_job(url: str) -> dict[str, Any]:
    """A job that finds the face in a photo."""
    photo = (Path(__file__).parents[1] / "photos" / "collins.jpg").read_bytes()
    files = {"image": ("photo.jpg", photo, "image/jpeg")}
    form = {"services": "face-detector-face-fitter"}
    job = httpx.post(f"{url}/jobs/image", files=files, data=form, trust_env=False).json()
    return dict(httpx.get(f"{url}/jobs/{job['id']}?wait=20", timeout=30, trust_env=False).json())


def test_folders_named_like_our_packages_are_not_imported(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    for package in OUR_PACKAGES:
        (folder / package).mkdir(parents=True)
        (folder / package / "__init__.py").write_text(f"raise ImportError('{package} of the working folder')\n")
    (folder / "celeryconfig.py").write_text("raise ImportError('celeryconfig of the working folder')\n")
    with up(tmp_path / "data", working_folder=folder) as (process, url):
        job = finished_job(url)
        assert job["status"] == "succeeded"
        assert len(job["result"]["objects"]) == 1
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


def test_jobs_survive_a_restart(tmp_path: Path) -> None:
    with up(tmp_path) as (process, url):
        job = finished_job(url)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    with up(tmp_path) as (process, url):
        again = httpx.get(f"{url}/jobs/{job['id']}", trust_env=False).json()
        assert again["result"] == job["result"]
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
