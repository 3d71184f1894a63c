"""Whom `faceline bulk` hands its work to: a stack of its own, or a deployment that runs."""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import mkdtemp
from threading import Event, Thread
from time import time
from urllib.parse import urlsplit

import httpx

from broker.app import create_app
from broker.queues import Placement
from bulk.errors import ExecutorLost
from bulk.executors.api_client import ApiClient
from bulk.executors.http import HttpExecutor
from bulk.executors.queue import QueueExecutor, placement_of
from bulk.perform import Crew
from bulk.validation import PhotoValidator
from config.settings import Settings
from embedded.stack import Stack, running_stack
from embedded.supervisor import ChildDied
from jobs.factory import JobFactory, Options
from jobs.job import OnError, Priority
from jobs.redis.connection import connect
from jobs.redis.presence import Presence
from models.catalogue import services

PER_THREAD = 3
"""Chunks under way for each thread that works on them: one runs, the others wait."""
PER_WORKER = 16
"""For each worker, where nobody says how many threads it has."""
OVER_HTTP = 4
"""Batches under way: a deployment takes no more than a few at a time."""
PATIENCE_S = 3.0


def make_validator(settings: Settings, asked: Sequence[str], on_error: OnError, placement: Placement) -> PhotoValidator:
    """Judges photos as a deployment with these settings does."""
    # Chunks wait behind more urgent jobs, as the parts of a batch do.
    jobs = settings.jobs.model_copy(update={"deadline_s": settings.batches.deadline_s})
    intake = JobFactory(services(settings.modules), jobs, settings.limits, placement.prefix)
    return PhotoValidator(intake, asked, Options(jobs.ttl_s, "number", on_error, priority=Priority.BULK))


@contextmanager
def embedded_crew(
    settings: Settings, asked: Sequence[str], on_error: OnError, roots: Sequence[str], folder: Path
) -> Iterator[Crew]:
    """A stack of its own, as long as the run goes; its data and log lie in a folder.

    Raises:
        WeightsMissing: a model has not been pulled.
        StackFailed: a part of it does not start.
    """
    hidden = folder / ".stack"
    # A run that was killed has left it behind.
    shutil.rmtree(hidden, ignore_errors=True)
    hidden.mkdir()
    with ExitStack() as cleanup:
        cleanup.callback(shutil.rmtree, hidden, ignore_errors=True)
        log = cleanup.enter_context((folder / "stack.log").open("a"))
        own = settings.model_copy(update={"data_dir": Path(mkdtemp(dir=hidden))})
        placement = Placement(settings.co_locate or "co_locate" not in settings.model_fields_set)
        overrides = {
            "FACELINE_REFERENCE_ROOTS": json.dumps(list(roots)),
            "FACELINE_CO_LOCATE": str(placement.co_locate),
        }
        workers = 1
        if settings.device == "cpu" and "worker_threads" not in settings.model_fields_set:
            # Processes: threads of one wait for each other's Python (docs/bulk.md has figures).
            workers, overrides["FACELINE_CORES"] = settings.cores, "1"
        running = running_stack(own, "127.0.0.1", 0, log, [placement.prefixes] * workers, overrides)
        stack = cleanup.enter_context(running)
        watch = cleanup.enter_context(_kept_up(stack))
        validator = make_validator(settings, asked, on_error, placement)
        executor = _queue_executor(stack.redis_url, settings, validator, placement)
        yield Crew(
            executor, validator, PER_THREAD * max(workers, settings.worker_threads), by_reference=True, watch=watch
        )


@contextmanager
def deployed_crew(settings: Settings, asked: Sequence[str], on_error: OnError) -> Iterator[Crew]:
    """The workers of a deployment, through its store and broker.

    Raises:
        ExecutorLost: no worker is there.
        StorageError: the store does not answer.
    """
    presence = Presence(connect(settings.redis_url, patience_s=PATIENCE_S))
    placement = placement_of(presence)
    validator = make_validator(settings, asked, on_error, placement)
    executor = _queue_executor(settings.redis_url, settings, validator, placement)
    yield Crew(executor, validator, PER_WORKER * len(presence.workers(time())), by_reference=None)


@contextmanager
def api_crew(url: str, settings: Settings, asked: Sequence[str], on_error: OnError) -> Iterator[Crew]:
    """A deployment, through its API.

    Raises:
        ExecutorLost: nobody answers there, or works.
    """
    trust_env = urlsplit(url).hostname not in ("localhost", "127.0.0.1", "::1")
    try:
        http = httpx.Client(base_url=url, timeout=90, trust_env=trust_env)
    except httpx.InvalidURL as error:
        raise ExecutorLost(f"{url} is no address: {error}") from error
    with http as client:
        api = ApiClient(client)
        api.check()
        validator = make_validator(settings, asked, on_error, Placement(co_locate=True))
        yield Crew(HttpExecutor(api, validator), validator, OVER_HTTP, by_reference=None)


def _queue_executor(
    redis_url: str, settings: Settings, validator: PhotoValidator, placement: Placement
) -> QueueExecutor:
    app = create_app(settings.broker_url or redis_url)
    return QueueExecutor(connect(redis_url, patience_s=PATIENCE_S), app, validator, settings, placement)


@contextmanager
def _kept_up(stack: Stack) -> Iterator[Callable[[], None]]:
    """Starts parts of a stack again that die; gives what raises `ExecutorLost` once that is of no use."""
    stopped = Event()
    given_up: list[ChildDied] = []

    def keep() -> None:
        try:
            while not stopped.wait(0.5):
                stack.supervisor.look()
        except ChildDied as error:
            given_up.append(error)

    def watch() -> None:
        if given_up:
            raise ExecutorLost(str(given_up[0]))

    thread = Thread(target=keep, name="keep-up", daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        stopped.set()
        thread.join()
