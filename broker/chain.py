"""From a job to its Celery chain: one signature for each stage, on the queue of its family."""

from celery import Celery, chain
from celery.exceptions import CeleryError
from kombu.exceptions import KombuError

from broker.queues import Placement
from models.family import ModelFamily
from pipelines.errors import StorageError
from pipelines.job import JobSpec, Priority

STAGE_TASK = "faceline.stage"
CHECK_TASK = "faceline.check"

BOUNDED = {"max_retries": 3, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.5}
"""How whoever sends a first stage tries again before it gives up; between stages workers never do (celeryconfig.py)."""


def stage_queue(spec: JobSpec, stage: int, placement: Placement) -> str:
    """The queue that a stage of a job is taken from."""
    return placement.queue(spec.stages[stage].family, spec.priority)


def send_job(app: Celery, spec: JobSpec, placement: Placement, from_stage: int = 0) -> None:
    """Send the chain of a job; its messages carry the job's id and the number of their stage, nothing else.

    Raises:
        StorageError: the broker did not take it.
    """
    links = [
        app.signature(
            STAGE_TASK,
            args=(spec.id, stage.index),
            queue=stage_queue(spec, stage.index, placement),
            immutable=True,
        )
        for stage in spec.stages[from_stage:]
    ]
    try:
        # A chain of one is its link, and building it would cost the front a tenth of its time.
        flow = chain(*links, app=app) if len(links) > 1 else links[0]
        flow.apply_async(retry=True, retry_policy=BOUNDED)
    except (CeleryError, KombuError, OSError) as error:
        raise StorageError(f"the broker did not take the job: {error}") from error


def send_check(app: Celery, check_id: str, family: ModelFamily, placement: Placement) -> None:
    """Ask a worker of a family to run each of its models once.

    Raises:
        StorageError: the broker did not take it.
    """
    queue = placement.queue(family, Priority.HIGH)
    try:
        app.signature(CHECK_TASK, args=(check_id,), queue=queue, immutable=True).apply_async(
            retry=True, retry_policy=BOUNDED, expires=60
        )
    except (CeleryError, KombuError, OSError) as error:
        raise StorageError(f"the broker did not take the check: {error}") from error
