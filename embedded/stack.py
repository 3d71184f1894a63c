"""The embedded stack: a Redis-compatible server, workers and the API, started and stopped together."""

import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from types import MappingProxyType
from typing import IO

import httpx

from broker.queues import FamilyQueues
from config.settings import Settings
from embedded.errors import StackFailed
from embedded.server import private_socket
from embedded.supervisor import Child, Supervisor
from models.catalogue import services
from models.weights.cache import stored_weights

START_S = 60.0
"""The stack fails if it is not ready by then."""
PROBE_S = 5.0
CHECK_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class Stack:
    """A running stack.

    Attributes:
        url: of its API.
        redis_url: of its server.
    """

    url: str
    redis_url: str
    supervisor: Supervisor

    def keep_up(self) -> None:
        """Restart dead processes until an exception, such as Ctrl-C, ends it.

        Raises:
            StackFailed: a process dies again and again.
        """
        while True:
            sleep(CHECK_EVERY_S)
            self.supervisor.restart_dead()


@contextmanager
def running_stack(
    settings: Settings,
    host: str,
    port: int,
    log: IO[str],
    workers: Sequence[Sequence[str]] | None = None,
    overrides: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Stack]:
    """Starts a stack, gives it when it is ready, and stops it at the end.

    Args:
        settings: of the stack. An explicit `redis_url` names a server to use instead of an embedded one.
        host: the address to listen on.
        port: the port to listen on; 0 takes a free one.
        log: takes the lines that the processes write.
        workers: of each worker, the queue prefixes that it consumes. Without, the settings say how many workers there
            are, and each consumes the queues of all families.
        overrides: replace variables in the environment of the processes.

    Raises:
        WeightsMissing: a model has not been pulled.
        StackFailed: another process uses the port or the data folder, or a process does not start.
    """
    _check_weights(settings)
    port = _free_port(host, port)
    environment = {**os.environ, **overrides}
    if workers is None:
        workers = _default_workers(settings, environment)
    with ExitStack() as cleanup:
        embedded = "redis_url" not in settings.model_fields_set
        path = cleanup.enter_context(private_socket(settings.data_dir)) if embedded else None
        if path:
            environment["FACELINE_REDIS_URL"] = f"unix://{path}"
        supervisor = Supervisor(environment, log)
        cleanup.callback(supervisor.stop)
        if path:
            _start_server(supervisor, settings, path)
        for queue_prefixes in workers:
            supervisor.start(Child("worker", ["worker", *queue_prefixes], stop_s=settings.jobs.stage_deadline_s + 5))
        supervisor.start(Child("api", ["api", host, str(port)], stop_s=settings.jobs.sync_timeout_s + 5))
        url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        # Without workers the API never reports that it is ready.
        _wait_for_answer(f"{url}/readyz" if workers else f"{url}/healthz", supervisor)
        yield Stack(url, environment.get("FACELINE_REDIS_URL", settings.redis_url), supervisor)


def _check_weights(settings: Settings) -> None:
    for service in services(settings.modules).values():
        for model in service.weights:
            stored_weights(model, settings.weights_dir)


def _default_workers(settings: Settings, environment: dict[str, str]) -> list[list[str]]:
    """The queue prefixes of each worker; notes in the environment what the workers have to know of it."""
    # Each worker takes all families, so a hop from one queue to the next would only cost time.
    co_locate = settings.co_locate or "co_locate" not in settings.model_fields_set
    environment["FACELINE_CO_LOCATE"] = str(co_locate)
    environment["FACELINE_CORES"] = str(max(1, settings.cores // settings.embedded_workers))
    return [FamilyQueues(co_locate).prefixes] * settings.embedded_workers


def _start_server(supervisor: Supervisor, settings: Settings, socket_path: str) -> None:
    role = ["server", str(settings.data_dir), socket_path, str(settings.embedded_memory_mb)]
    supervisor.start(Child("server", role, stop_s=10))
    _wait_for(lambda: Path(socket_path).exists(), supervisor)


def _wait_for_answer(url: str, supervisor: Supervisor) -> None:
    with httpx.Client(trust_env=False, timeout=PROBE_S) as client:
        _wait_for(lambda: _answers(client, url), supervisor)


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
