"""The embedded stack: a Redis-compatible server, workers, the sender of webhooks and the API, as one."""

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from logging import getLogger
from pathlib import Path
from time import monotonic, sleep
from types import MappingProxyType
from typing import IO

import httpx

from access.first_key import require_keys
from access.store import KeyStore
from broker.queues import FamilyQueues
from broker.reachable import broker_problem
from config.settings import Settings, without_password
from embedded.errors import StackFailed
from embedded.log import StackLog
from embedded.ports import check_port, free_port
from embedded.server import PRIVATE_FILE, private_socket
from embedded.supervisor import Child, Supervisor
from jobs.errors import StorageError
from jobs.redis.connection import Client, connect, loaded_percent, server_state
from jobs.redis.failing import FailingProcesses
from models.catalogue import services
from models.weights.cache import stored_weights

log = getLogger(__name__)

START_S = 60.0
"""The stack fails if it is not ready by then."""
PROBE_S = 5.0
CHECK_EVERY_S = 0.5
RECORD_PATIENCE_S = 0.5
REPORT_EVERY_S = 3.0
URL_NOTE = "url"
API_ALONE_S = 2.0
"""How long the API goes on answering requests once all workers have ended: the results are there, or do not come."""


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
    failing: FailingProcesses

    def keep_up(self) -> None:
        """Restart dead processes until an exception, such as Ctrl-C, ends it."""
        while True:
            sleep(CHECK_EVERY_S)
            self.check()

    def check(self) -> None:
        """Restart dead processes, and let `/readyz` say which of them die again and again."""
        self.supervisor.restart_dead()
        if reasons := self.supervisor.failing():
            with suppress(StorageError):
                self.failing.record(reasons)


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
        KeysMissing: other machines reach the API, and there is no API key.
        StackFailed: another process uses the port or the data folder, a process does not start, or the server or the
            broker that the settings name does not answer.
    """
    _check_weights(settings)
    _check_servers(settings, StackLog(log, json_lines=settings.log_format == "json"))
    port = _usable_port(host, port)
    environment = {**os.environ, **overrides}
    if workers is None:
        workers = _default_workers(settings, environment)
    with ExitStack() as cleanup:
        embedded = "redis_url" not in settings.model_fields_set
        path = cleanup.enter_context(private_socket(settings.data_dir)) if embedded else None
        if path:
            environment["FACELINE_REDIS_URL"] = f"unix://{path}"
        supervisor = Supervisor(environment, log, json_lines=settings.log_format == "json")
        cleanup.callback(supervisor.stop)
        if path:
            start_server(supervisor, settings, path)
        redis_url = environment.get("FACELINE_REDIS_URL", settings.redis_url)
        require_keys(KeyStore(connect(redis_url, patience_s=RECORD_PATIENCE_S)), settings.access, host)
        for index, queue_prefixes in enumerate(workers):
            stop_s, own = settings.jobs.stage_deadline_s + 5, _metrics_port(settings, index)
            supervisor.start(Child("worker", ["worker", *queue_prefixes], stop_s, environment=own))
        if settings.webhooks.enabled:
            supervisor.start(Child("webhooks", ["webhooks"], stop_s=settings.webhooks.timeout_s + 5))
        supervisor.start(
            Child("api", ["api", host, str(port)], stop_s=settings.jobs.sync_timeout_s + 5, alone_s=API_ALONE_S)
        )
        scheme = "https" if settings.server.certificate else "http"
        url = f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
        # Without workers the API never reports that it is ready.
        _wait_for_answer(f"{url}/readyz" if workers else f"{url}/healthz", supervisor)
        if path:
            cleanup.enter_context(noted_url(settings.data_dir, url))
        yield Stack(url, redis_url, supervisor, FailingProcesses(connect(redis_url, patience_s=RECORD_PATIENCE_S)))


@contextmanager
def noted_url(data_dir: Path, url: str) -> Iterator[None]:
    """Keeps the URL of the API in the data folder while the stack runs: commands read it."""
    note = data_dir / URL_NOTE
    note.touch(PRIVATE_FILE)
    note.write_text(url)
    try:
        yield
    finally:
        note.unlink(missing_ok=True)


def _check_weights(settings: Settings) -> None:
    for service in services(settings.modules).values():
        for model in service.weights:
            stored_weights(model, settings.weights_dir)


def _check_servers(settings: Settings, lines: StackLog) -> None:
    """Check that the servers answer that the settings name: without them each process would wait for them."""
    if "redis_url" in settings.model_fields_set:
        try:
            client = connect(settings.redis_url, patience_s=RECORD_PATIENCE_S)
            server_state(client, "server")
            _wait_until_loaded(client, lines)
        except StorageError as error:
            raise StackFailed(
                f"no server answers at FACELINE_REDIS_URL, {without_password(settings.redis_url)}: start it, or unset "
                "the variable to use the embedded one"
            ) from error
    if settings.broker_url is not None and (reason := broker_problem(settings.broker_url)):
        raise StackFailed(
            f"no broker answers at FACELINE_BROKER_URL, {without_password(settings.broker_url)}: {reason}"
        )


def _wait_until_loaded(client: Client, lines: StackLog) -> None:
    """Wait while a server reads its data from disk, however long that takes.

    Raises:
        StorageError: it has not answered for `START_S`.
    """
    answered_at, reported_at = monotonic(), -math.inf
    while True:
        try:
            state = server_state(client, "persistence")
        except StorageError:
            # A server that loads can be silent for some seconds.
            if monotonic() > answered_at + START_S:
                raise
        else:
            answered_at = monotonic()
            if not state.get("loading"):
                return
            if answered_at > reported_at + REPORT_EVERY_S:
                reported_at = answered_at
                fields = {"percent": round(float(state.get("loading_loaded_perc", 0)))}
                lines.write("store", "the stack waits: the store reads its data from disk", "INFO", fields=fields)
        sleep(CHECK_EVERY_S)


def _default_workers(settings: Settings, environment: dict[str, str]) -> list[list[str]]:
    """The queue prefixes of each worker; notes in the environment what the workers have to know of it."""
    # Each worker takes all families, so a hop from one queue to the next would only cost time.
    co_locate = settings.co_locate or "co_locate" not in settings.model_fields_set
    environment["FACELINE_CO_LOCATE"] = str(co_locate)
    environment["FACELINE_CORES"] = str(max(1, settings.cores // settings.embedded_workers))
    return [FamilyQueues(co_locate).prefixes] * settings.embedded_workers


def _metrics_port(settings: Settings, worker: int) -> dict[str, str]:
    """The variable with the port of a worker's metrics: workers on one machine cannot share a port."""
    first = settings.metrics.worker_port
    return {} if first is None else {"FACELINE_METRICS__WORKER_PORT": str(first + worker)}


def start_server(supervisor: Supervisor, settings: Settings, socket_path: str) -> None:
    """Start the embedded server of a stack, and wait until it answers.

    Raises:
        StackFailed: it does not start.
    """
    role = ["server", str(settings.data_dir), socket_path, str(settings.embedded_memory_mb), settings.embedded_fsync]
    supervisor.start(Child("server", role, stop_s=10, last=True))
    # Without a deadline: reading the data from disk takes as long as it takes. A server that does neither read nor
    # answer ends its process.
    _wait_for(lambda: loaded_percent(f"unix://{socket_path}") == 100, supervisor, within_s=math.inf)
    log.info("server answers")


def _wait_for_answer(url: str, supervisor: Supervisor) -> None:
    # The certificate may be for another name; a probe sends nothing that another program on this machine may not see.
    with httpx.Client(trust_env=False, timeout=PROBE_S, verify=False) as client:
        _wait_for(lambda: _answers(client, url), supervisor)


def _wait_for(condition: Callable[[], bool], supervisor: Supervisor, within_s: float = START_S) -> None:
    deadline = monotonic() + within_s
    while not condition():
        if dead := supervisor.dead():
            raise StackFailed(f"the {dead} did not start; its log says why")
        if monotonic() > deadline:
            raise StackFailed(f"the stack is not ready after {within_s:g} s; its log may say why")
        sleep(0.02)


def _answers(client: httpx.Client, url: str) -> bool:
    try:
        return client.get(url).is_success
    except httpx.TransportError:
        return False


def _usable_port(host: str, port: int) -> int:
    """The port, or a free one for 0."""
    try:
        check_port(host, port)
    except OSError as error:
        message = f"cannot listen on {host}:{port}: {error.strerror}; choose another --port, or 0 for a free one"
        raise StackFailed(message) from error
    return port or free_port(host)
