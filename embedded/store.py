"""The store of a deployment for commands: they work while the embedded stack runs, and while it does not."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from config.settings import Settings
from embedded.server import private_socket
from embedded.stack import URL_NOTE, start_server
from embedded.supervisor import Supervisor
from jobs.errors import StorageError
from jobs.redis.connection import Client, connect, storage


@contextmanager
def reachable_store(settings: Settings, log: IO[str]) -> Iterator[Client]:
    """Gives a client of the store. Starts the embedded server, and stops it at the end, if the stack does not run.

    Args:
        settings: of the deployment. An explicit `redis_url` names its server.
        log: takes the lines that the embedded server writes.

    Raises:
        StackFailed: the embedded server does not start.
    """
    if "redis_url" in settings.model_fields_set:
        yield connect(settings.redis_url, patience_s=1)
        return
    if running := _running(settings.data_dir / "socket"):
        yield running
        return
    with ExitStack() as cleanup:
        path = cleanup.enter_context(private_socket(settings.data_dir))
        supervisor = Supervisor(dict(os.environ), log, json_lines=settings.log_format == "json")
        cleanup.callback(supervisor.stop)
        start_server(supervisor, settings, path)
        # It answers later than it listens: it reads its data first.
        yield connect(f"unix://{path}", patience_s=30)


def running_url(settings: Settings) -> str | None:
    """The URL of the API of the embedded stack that runs on the data folder; None if none runs."""
    note = settings.data_dir / URL_NOTE
    # The note of a stack that was killed is still there: its server does not answer.
    return note.read_text() if note.exists() and _running(settings.data_dir / "socket") else None


def _running(socket_note: Path) -> Client | None:
    """A client of the server that the running stack has; None if no stack runs. The note has the path of its socket."""
    if not socket_note.exists() or not Path(socket_note.read_text()).exists():
        return None
    client = connect(f"unix://{socket_note.read_text()}", patience_s=0.5)
    try:
        with storage():
            client.info("server")
    except StorageError:
        return None
    return client
