"""Sends the Celery chain of a job: one signature for each stage, on the queue of its family."""

from typing import Any

from celery import Celery, chain
from celery.exceptions import CeleryError
from kombu.exceptions import KombuError

from broker.queues import FamilyQueues
from jobs.errors import StorageError
from jobs.job import JobSpec, Priority
from models.family import ModelFamily

STAGE_TASK = "faceline.stage"
CHECK_TASK = "faceline.check"

BOUNDED = {"max_retries": 3, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.5}
"""Retries of the first message of a chain and of a check: at most 3, then `StorageError`. Workers have no limit."""


def stage_queue(spec: JobSpec, stage: int, queues: FamilyQueues) -> str:
    """The queue of a stage of a job."""
    return queues.queue(spec.stages[stage].family, spec.priority)


def send_job(app: Celery, spec: JobSpec, queues: FamilyQueues, from_stage: int = 0) -> None:
    """Send the chain of a job; its messages hold the id of the job and the index of their stage, nothing else.

    Raises:
        StorageError: the broker did not take it.
    """
    links = [_link(spec, stage.index, queues) for stage in spec.stages[from_stage:]]
    try:
        if len(links) == 1:
            # Building a chain of one stage would take a tenth of the API's time.
            app.send_task(STAGE_TASK, **links[0], retry=True, retry_policy=BOUNDED)
        else:
            signatures = (app.signature(STAGE_TASK, **link, immutable=True) for link in links)
            chain(*signatures, app=app).apply_async(retry=True, retry_policy=BOUNDED)
    except (CeleryError, KombuError, OSError) as error:
        raise StorageError(f"the broker did not take the job: {error}") from error


class ChainSender:
    """Sends jobs as Celery chains: an implementation of `jobs.service.Sender`. For one thread.

    Args:
        app: sends the messages.
        queues: names the queues.
    """

    def __init__(self, app: Celery, queues: FamilyQueues) -> None:
        self._app = app
        self._queues = queues

    def send(self, spec: JobSpec) -> None:
        """See `Sender.send`."""
        send_job(self._app, spec, self._queues)

    def send_check(self, check_id: str, family: ModelFamily) -> None:
        """See `send_check`."""
        send_check(self._app, check_id, family, self._queues)


def _link(spec: JobSpec, stage: int, queues: FamilyQueues) -> dict[str, Any]:
    return {
        "args": (spec.id, stage),
        "queue": stage_queue(spec, stage, queues),
        # What `celery inspect` shows; Celery takes longer to make it.
        "argsrepr": f"({spec.id}, {stage})",
        "kwargsrepr": "{}",
    }


def send_check(app: Celery, check_id: str, family: ModelFamily, queues: FamilyQueues) -> None:
    """Ask a worker of a family to run each of its models once.

    Raises:
        StorageError: the broker did not take it.
    """
    queue = queues.queue(family, Priority.HIGH)
    try:
        app.signature(CHECK_TASK, args=(check_id,), queue=queue, immutable=True).apply_async(
            retry=True, retry_policy=BOUNDED, expires=60
        )
    except (CeleryError, KombuError, OSError) as error:
        raise StorageError(f"the broker did not take the check: {error}") from error
