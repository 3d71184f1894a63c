"""The embedded stack: a Redis-compatible server, a worker for all families, and the API."""

import os
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from types import MappingProxyType
from typing import IO

import httpx
from filelock import FileLock, Timeout

from broker.queues import Placement
from config.errors import FacelineError
from config.settings import Settings
from embedded.supervisor import Child, ChildDied, Supervisor
from models.catalogue import services
from models.weights.cache import stored_weights

START_S = 60.0
"""How long the stack may take to get ready."""
PROBE_S = 5.0


class StackFailed(FacelineError):
    """The stack cannot start, or does not stay up."""

    type = "stack_failed"


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack that runs.

    Attributes:
        url: of its API.
        redis_url: of its server.
    """

    url: str
    redis_url: str
    supervisor: Supervisor

    def watch(self) -> None:
        """Keep it up, until interrupted.

        Raises:
            StackFailed: a part of it dies again and again.
        """
        try:
            while True:
                sleep(0.5)
                self.supervisor.look()
        except ChildDied as error:
            raise StackFailed(str(error)) from error


@contextmanager
def running_stack(
    settings: Settings,
    host: str,
    port: int,
    log: IO[str],
    workers: Sequence[Sequence[str]] | None = None,
    overrides: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Stack]:
    """A stack that is ready; stopped at the end.

    Args:
        settings: whose `redis_url`, if somebody set it, names a server to use instead of an embedded one.
        host: to listen on.
        port: to listen on; 0 takes a free one.
        log: where its parts log to.
        workers: for each of them, the places whose queues it consumes; if not given, as many as the settings say, each
            for all places.
        overrides: laid over the environment of its parts.

    Raises:
        WeightsMissing: a model has not been pulled.
        StackFailed: a port or a data folder is taken, or a part does not start.
    """
    for service in services(settings.modules).values():
        for model in service.weights:
            stored_weights(model, settings.weights_dir)
    port = _free_port(host, port)
    with ExitStack() as cleanup:
        environment = {**os.environ, **overrides}
        own_server = "redis_url" not in settings.model_fields_set
        if own_server:
            path = cleanup.enter_context(_private_socket(settings.data_dir))
            environment["FACELINE_REDIS_URL"] = f"unix://{path}"
        supervisor = Supervisor(environment, log)
        cleanup.callback(supervisor.stop)
        if own_server:
            role = ["server", str(settings.data_dir), path, str(settings.embedded_memory_mb)]
            supervisor.start(Child("server", role, stop_s=10))
            _wait_for(lambda: Path(path).exists(), supervisor)
        if workers is None:
            # Each worker takes all families, so a hop between them would only cost.
            co_locate = settings.co_locate or "co_locate" not in settings.model_fields_set
            environment["FACELINE_CO_LOCATE"] = str(co_locate)
            environment["FACELINE_CORES"] = str(max(1, settings.cores // settings.embedded_workers))
            workers = [Placement(co_locate).prefixes] * settings.embedded_workers
        for places in workers:
            supervisor.start(Child("worker", ["worker", *places], stop_s=settings.jobs.stage_deadline_s + 5))
        supervisor.start(Child("api", ["api", host, str(port)], stop_s=settings.jobs.sync_timeout_s + 5))
        url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        probe = f"{url}/healthz" if workers == [] else f"{url}/readyz"
        with httpx.Client(trust_env=False, timeout=PROBE_S) as client:
            _wait_for(lambda: _answers(client, probe), supervisor)
        yield Stack(url, environment.get("FACELINE_REDIS_URL", settings.redis_url), supervisor)


@contextmanager
def _private_socket(data_dir: Path) -> Iterator[str]:
    """Where the embedded server listens: the data folder is taken, and nobody else may open the socket."""
    data_dir.mkdir(parents=True, exist_ok=True)
    lock = FileLock(data_dir / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        message = f"another stack runs on {data_dir}; stop it, or choose another folder with FACELINE_DATA_DIR"
        raise StackFailed(message) from error
    # In a folder of its own: the path of a socket must be short, which the data folder's may not be.
    with lock, tempfile.TemporaryDirectory(prefix="faceline-", ignore_cleanup_errors=True) as folder:
        yield str(Path(folder) / "valkey.sock")


def _wait_for(condition: Callable[[], bool], supervisor: Supervisor) -> None:
    deadline = monotonic() + START_S
    while not condition():
        if dead := supervisor.dead():
            raise StackFailed(f"the {dead} did not start; its log says why")
        if monotonic() > deadline:
            raise StackFailed(f"the stack is not ready after {START_S:g} s; its log may say why")
        sleep(0.02)


def _answers(client: httpx.Client, url: str) -> bool:
    try:
        return client.get(url).is_success
    except httpx.TransportError:
        return False


def _free_port(host: str, port: int) -> int:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            message = f"cannot listen on {host}:{port}: {error.strerror}; choose another --port, or 0 for a free one"
            raise StackFailed(message) from error
        chosen: int = probe.getsockname()[1]
    return chosen
