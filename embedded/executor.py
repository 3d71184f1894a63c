"""`embedded_executor`: the bulk executor that starts its own stack. It is here because `bulk` imports no `embedded`."""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp
from time import monotonic

from broker.queues import FamilyQueues
from bulk.executors.local_workers import local_workers
from bulk.executors.queue import QueueExecutor
from bulk.validation import PhotoValidator
from config.settings import Settings
from embedded.errors import StackFailed
from embedded.server import PRIVATE
from embedded.stack import Stack, running_stack
from jobs.errors import StorageError
from jobs.redis.connection import connect
from jobs.redis.presence import Presence

PER_THREAD = 3
"""Chunks in flight for each thread that runs them: one runs, the others wait."""

PRESENCE_PATIENCE_S = 1.0
LOST_AFTER_S = 120.0
"""A run whose workers cannot start for so long ends."""


class WorkersCheck:
    """Restarts dead processes, and ends a run whose workers cannot start.

    Args:
        stack: of the run.
        presence: where its workers report that they are alive.
    """

    def __init__(self, stack: Stack, presence: Presence) -> None:
        self._stack = stack
        self._presence = presence
        self._alive_at = monotonic()

    def __call__(self) -> None:
        """Check once.

        Raises:
            StackFailed: no worker was alive for `LOST_AFTER_S`.
        """
        self._stack.check()
        failing = self._stack.supervisor.failing()
        if not failing:
            self._alive_at = monotonic()
            return
        with suppress(StorageError):
            if self._presence.consumed():
                self._alive_at = monotonic()
        if monotonic() - self._alive_at > LOST_AFTER_S:
            raise StackFailed("; ".join(failing))


@contextmanager
def embedded_executor(
    settings: Settings, validator: PhotoValidator, roots: Sequence[str], folder: Path
) -> Iterator[QueueExecutor]:
    """Starts a stack, gives the executor on it, and stops the stack at the end.

    Args:
        settings: of the stack.
        validator: of the run.
        roots: the folders and URL prefixes that hold the photos; the workers may read below them.
        folder: of the run's output; it takes the stack's log, and its data while it runs.

    Raises:
        WeightsMissing: a model has not been pulled.
        StackFailed: a process of the stack does not start.
    """
    data = folder / ".stack"
    # A killed run leaves its data.
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(mode=PRIVATE)
    queues = FamilyQueues(settings.co_locate or "co_locate" not in settings.model_fields_set)
    overrides = {
        "FACELINE_REFERENCE_ROOTS": json.dumps(list(roots)),
        "FACELINE_CO_LOCATE": str(queues.co_locate),
    }
    workers = local_workers(settings)
    if workers.cores:
        overrides["FACELINE_CORES"] = str(workers.cores)
    with ExitStack() as cleanup:
        cleanup.callback(shutil.rmtree, data, ignore_errors=True)
        log = cleanup.enter_context((folder / "stack.log").open("a"))
        own = settings.model_copy(update={"data_dir": Path(mkdtemp(dir=data))})
        stack = cleanup.enter_context(
            running_stack(own, "127.0.0.1", 0, log, [queues.prefixes] * workers.processes, overrides)
        )
        check = WorkersCheck(stack, Presence(connect(stack.redis_url, patience_s=PRESENCE_PATIENCE_S)))
        yield QueueExecutor(
            settings.model_copy(update={"redis_url": stack.redis_url}),
            validator,
            queues,
            max_in_flight=PER_THREAD * workers.processes * workers.threads,
            by_reference=True,
            check=check,
        )
