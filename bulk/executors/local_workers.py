"""How an embedded stack divides the processor among the workers of a bulk run."""

from typing import NamedTuple

from config.settings import Settings


class LocalWorkers(NamedTuple):
    """The workers of an embedded stack for a bulk run.

    Attributes:
        processes: how many.
        threads: of each process, each with a chunk.
        cores: of each process; None for those of the settings.
    """

    processes: int
    threads: int
    cores: int | None


def local_workers(settings: Settings) -> LocalWorkers:
    """One process for each core; one with several threads on a GPU, and where the settings name the threads.

    Processes, since the threads of one process wait for each other's Python (docs/bulk.md has figures).
    """
    if settings.device == "cpu" and "worker_threads" not in settings.model_fields_set:
        return LocalWorkers(settings.cores, 1, 1)
    return LocalWorkers(1, settings.worker_threads, None)
