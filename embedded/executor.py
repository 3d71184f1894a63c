"""`embedded_executor`: the bulk executor that starts its own stack. It is here because `bulk` imports no `embedded`."""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import mkdtemp

from broker.queues import FamilyQueues
from bulk.executors.queue import QueueExecutor
from bulk.validation import PhotoValidator
from config.settings import Settings
from embedded.stack import running_stack

PER_THREAD = 3
"""Chunks in flight for each thread that runs them: one runs, the others wait."""


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
    data.mkdir()
    queues = FamilyQueues(settings.co_locate or "co_locate" not in settings.model_fields_set)
    overrides = {
        "FACELINE_REFERENCE_ROOTS": json.dumps(list(roots)),
        "FACELINE_CO_LOCATE": str(queues.co_locate),
    }
    workers = 1
    if settings.device == "cpu" and "worker_threads" not in settings.model_fields_set:
        # Processes, since the threads of one process wait for each other's Python (docs/bulk.md has figures).
        workers, overrides["FACELINE_CORES"] = settings.cores, "1"
    with ExitStack() as cleanup:
        cleanup.callback(shutil.rmtree, data, ignore_errors=True)
        log = cleanup.enter_context((folder / "stack.log").open("a"))
        own = settings.model_copy(update={"data_dir": Path(mkdtemp(dir=data))})
        stack = cleanup.enter_context(running_stack(own, "127.0.0.1", 0, log, [queues.prefixes] * workers, overrides))
        yield QueueExecutor(
            settings.model_copy(update={"redis_url": stack.redis_url}),
            validator,
            queues,
            max_in_flight=PER_THREAD * max(workers, settings.worker_threads),
            by_reference=True,
            check=stack.supervisor.restart_dead,
        )
