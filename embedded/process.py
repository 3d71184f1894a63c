"""The entry point of every process, embedded or in a container: `python -P -m embedded.process ROLE …`.

The roles are those of `ROLES`.

`-P` keeps the working folder off the import path, where a folder named `api` or `models` would be imported instead of
ours.

A process ends when its parent ends: a killed supervisor leaves no orphans.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from logging import getLogger
from threading import Thread

log = getLogger(__name__)

CHECK_EVERY_S = 0.5
KEYS_PATIENCE_S = 1.0
NICENESS = 5
"""Of workers: beside a process of the usual priority, such a one gets a quarter of a core that both want."""
GRACE_S = 5.0
"""An orphan has so long to end by itself. The server waits as long first, since the others need it to end."""


def worker(*queue_prefixes: str) -> None:
    """Run a worker that takes tasks from the queues of some families, or from the queues that all families share."""
    from celery.bin.celery import celery

    from broker.queues import all_queues
    from config.settings import load_settings
    from workers.app import app

    _give_way()
    options = ["--queues", ",".join(all_queues(queue_prefixes)), "--hostname", f"{os.getpid()}@%h"]
    if not load_settings().celery_events:
        # Without it, and without gossip, a worker sends no events at all.
        options.append("--without-heartbeat")
    # As `app.start` does, which loses the exit code of a worker that cannot start.
    celery.params[0].default = app
    arguments = ["--quiet", "worker", *options, "--without-gossip", "--without-mingle"]
    sys.exit(celery.main(args=arguments, standalone_mode=False))


def _give_way() -> None:
    """Let the API and the store of this machine have the processor first, so that no caller waits behind the models."""
    os.nice(NICENESS)
    wake_without_interrupting()


def wake_without_interrupting() -> None:
    """Let this process begin when another one pauses or its turn ends, at most some milliseconds after it was woken.

    Meanwhile more comes in, and is done in one go: each change of process empties the caches of the processor.
    """
    if hasattr(os, "sched_setscheduler"):
        with suppress(OSError):  # a container may forbid the call
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def api(host: str, port: str) -> None:
    """Run the API."""
    from access.first_key import is_loopback, require_keys
    from access.store import KeyStore
    from api.server.run import serve
    from config.settings import load_settings
    from jobs.redis.connection import connect

    wake_without_interrupting()
    settings = load_settings()
    require_keys(KeyStore(connect(settings.redis_url, patience_s=KEYS_PATIENCE_S)), settings.access, host)
    serve(host, int(port), keys_required=not is_loopback(host))


def webhooks() -> None:
    """Send the messages of webhooks."""
    from config.settings import load_settings
    from webhooks.process import run

    run(load_settings())


def server(data_dir: str, socket: str, memory_mb: str, fsync: str) -> None:
    """Run the embedded server."""
    from embedded.server import serve

    serve(data_dir, socket, memory_mb, fsync)


ROLES: dict[str, Callable[..., None]] = {"server": server, "worker": worker, "api": api, "webhooks": webhooks}


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
    from config.errors import FacelineError
    from config.logs import configure_logs, format_of_environment, log_warnings_and_errors
    from config.settings import load_settings

    configure_logs("INFO", format_of_environment(), role)
    log_warnings_and_errors()
    if role not in ROLES:
        log.critical("the process cannot start", extra={"reason": f"there is no role {role}: {', '.join(ROLES)}"})
        sys.exit(1)
    run = ROLES[role]
    _end_with_parent(role)
    try:
        settings = load_settings()
        configure_logs(settings.log_level, settings.log_format, role)
        run(*arguments)
    except FacelineError as error:
        log.critical("the process cannot start", extra={"reason": str(error)})
        sys.exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
