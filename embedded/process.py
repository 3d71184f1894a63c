"""The entry point of every process, embedded or in a container: `python -P -m embedded.process server|worker|api …`.

`-P` keeps the working folder off the import path, where a folder named `api` or `models` would be imported instead of
ours.

A process ends when its parent ends: a killed supervisor leaves no orphans.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from threading import Thread

CHECK_EVERY_S = 0.5
GRACE_S = 5.0
"""An orphan has so long to end by itself. The server waits as long first, since the others need it to end."""


def worker(*queue_prefixes: str) -> None:
    """Run a worker that takes tasks from the queues of some families, or from the queues that all families share."""
    from broker.queues import all_queues
    from workers.app import app

    options = ["--queues", ",".join(all_queues(queue_prefixes)), "--hostname", f"{os.getpid()}@%h"]
    sys.exit(app.start(["--quiet", "worker", *options, "--without-gossip", "--without-mingle", "--without-heartbeat"]))


def api(host: str, port: str) -> None:
    """Run the API."""
    import uvicorn

    uvicorn.run("api.app:create_app", factory=True, host=host, port=int(port), log_config=None, access_log=False)


def server(data_dir: str, socket: str, memory_mb: str) -> None:
    """Run the embedded server."""
    from embedded.server import serve

    serve(data_dir, socket, memory_mb)


ROLES: dict[str, Callable[..., None]] = {"server": server, "worker": worker, "api": api}


def _end_with_parent(role: str) -> None:
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(CHECK_EVERY_S)
        if role == "server":
            time.sleep(GRACE_S)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE_S)
        os._exit(1)

    Thread(target=watch, name="end-with-parent", daemon=True).start()


def main(role: str, *arguments: str) -> None:
    """Run one role of a deployment until SIGTERM."""
    run = ROLES[role]
    _end_with_parent(role)
    run(*arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
