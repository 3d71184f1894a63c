"""How far each service of a job is."""

from collections.abc import Mapping
from enum import StrEnum

from pipelines.plan import Plan, Stage
from pipelines.sample import Canonical


class ServiceStatus(StrEnum):
    """The status of one service of a job."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"


class ServiceProgress(Canonical):
    """The progress of one service of a job.

    Attributes:
        ms: how long the service ran, in milliseconds.
        worker: the worker that ran it.
        queue: the queue from which the worker took the message.
        error: why the service failed.
    """

    status: ServiceStatus = ServiceStatus.QUEUED
    ms: float | None = None
    worker: str | None = None
    queue: str | None = None
    error: str | None = None


Progress = Mapping[int, ServiceProgress]
"""The services of a job whose progress changed, by their index in its plan."""


def progress_of(plan: Plan, recorded: Progress, running_stage: Stage | None, *, over: bool) -> list[ServiceProgress]:
    """The progress of each service of a job.

    Args:
        plan: of the job.
        recorded: what the workers recorded of some of its services.
        running_stage: the stage that runs, or whose worker died.
        over: whether the job is over.
    """
    services = []
    first = running_stage.first if running_stage else 0
    running = set(range(first, first + len(running_stage.services))) if running_stage else set()
    for index, _ in enumerate(plan.services):
        if index in recorded:
            services.append(recorded[index])
        elif over:
            services.append(ServiceProgress(status=ServiceStatus.SKIPPED))
        else:
            # The services of a stage run one after another, so the first without a record is the one that runs.
            services.append(ServiceProgress(status=ServiceStatus.RUNNING if index in running else ServiceStatus.QUEUED))
            running = set()
    return services
