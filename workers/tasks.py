"""The tasks of a worker. A message holds only ids: of a job and its stage, or of a check."""

from celery import Celery, Task
from celery.exceptions import Ignore, Reject

from broker.chain import CHECK_TASK, STAGE_TASK
from jobs.errors import StorageError
from jobs.redis.presence import CheckReport
from models.errors import ModelError
from workers.parts import WorkerParts


def register_tasks(app: Celery, parts: WorkerParts) -> None:
    """Add the tasks to the app of a worker; they run on the given parts."""

    @app.task(name=STAGE_TASK, bind=True, shared=False)
    def run_stage(self: Task, job_id: str, index: int) -> None:
        """Run a stage of a job; the chain continues if the job does."""
        queue = self.request.delivery_info["routing_key"]
        try:
            continues = parts.stages.run(job_id, index, queue)
        except StorageError as error:
            raise Reject(str(error), requeue=True) from error
        # Celery takes a millisecond to handle an exception: the last stage, which no stage follows, raises none.
        if not continues and self.request.chain:
            raise Ignore

    @app.task(name=CHECK_TASK, shared=False)
    def run_check(check_id: str) -> None:
        """Run each loaded model once and report how long that took."""
        try:
            report = CheckReport(worker=parts.name, ms=dict(parts.models.run_each_once()))
        except ModelError as error:
            report = CheckReport(worker=parts.name, ms={}, error=str(error))
        parts.presence.answer_check(check_id, report)
