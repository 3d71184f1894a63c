"""The tasks of a worker. A message holds only ids: of a job and its stage, or of a check."""

from logging import getLogger
from time import sleep

from celery import Celery, Task
from celery.exceptions import Ignore, Reject

from broker.chain import CHECK_TASK, SENT_AT, STAGE_TASK
from jobs.errors import RecordUnreadable, StorageError
from metrics.worker import note_message
from traces import spans
from workers.in_hand import StageHeld
from workers.parts import WorkerParts
from workers.self_check import SelfCheck
from workers.stage import of_job
from workers.stopping import is_stopping

log = getLogger(__name__)

REQUEUE_AFTER_S = 2.0
"""How long a thread waits before it puts a message back: otherwise the message would come again at once."""


def register_tasks(app: Celery, parts: WorkerParts) -> None:
    """Add the tasks to the app of a worker; they run on the given parts."""
    self_check = SelfCheck(parts.name, parts.models.run_each_once)

    @app.task(name=STAGE_TASK, bind=True, shared=False)
    def run_stage(self: Task, job_id: str, index: int) -> None:
        """Run a stage of a job; the chain continues if the job does."""
        if is_stopping():
            # The message came after the signal: another worker takes it.
            raise Reject("the worker ends", requeue=True)
        delivery, sent_at = self.request.delivery_info, self.request.get(SENT_AT)
        queue = delivery["routing_key"]
        note_message(queue, sent_at, redelivered=bool(delivery["redelivered"]))
        try:
            with spans.continued(self.request.get(spans.TRACEPARENT)):
                if sent_at is not None:
                    spans.past("wait in queue", sent_at, {"messaging.destination.name": queue, **of_job(job_id, index)})
                continues = parts.stages.run(job_id, index, queue)
        except (StageHeld, StorageError) as error:
            sleep(REQUEUE_AFTER_S)
            raise Reject(str(error), requeue=True) from error
        except RecordUnreadable:
            # The reaper sets the job aside, or sends it again: a worker of another version may be able to read it.
            log.exception("stage skipped: the record of its job cannot be read", extra={"job": job_id})
            continues = False
        # Celery takes a millisecond to handle an exception: the last stage, which no stage follows, raises none.
        if not continues and self.request.chain:
            raise Ignore

    @app.task(name=CHECK_TASK, shared=False)
    def run_check(check_id: str) -> None:
        """Report how long each loaded model needs for one inference."""
        parts.presence.answer_check(check_id, self_check.report())
