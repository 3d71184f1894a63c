"""The tasks: thin, since a message says only which job and which stage."""

from celery import Task
from celery.exceptions import Ignore, Reject

from broker.app import app
from broker.chain import CHECK_TASK, STAGE_TASK
from jobs.errors import StorageError
from jobs.redis.presence import CheckReport
from models.errors import ModelError
from workers.runtime import runtime


@app.task(name=STAGE_TASK, bind=True)
def run_stage(self: Task, job_id: str, index: int) -> None:
    """Run a stage of a job; the chain goes on if the job does."""
    queue = self.request.delivery_info["routing_key"]
    try:
        goes_on = runtime().stages.run(job_id, index, queue)
    except StorageError as error:
        raise Reject(str(error), requeue=True) from error
    # Celery takes a millisecond over an exception: where nothing follows, there is nothing to stop.
    if not goes_on and self.request.chain:
        raise Ignore


@app.task(name=CHECK_TASK)
def run_check(check_id: str) -> None:
    """Run each loaded model once and hand in how long that took."""
    here = runtime()
    try:
        report = CheckReport(worker=here.name, ms=dict(here.sessions.check()))
    except ModelError as error:
        report = CheckReport(worker=here.name, ms={}, error=str(error))
    here.presence.answer_check(check_id, report)
