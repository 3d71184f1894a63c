"""The background thread of a worker: reports that it is alive, drops old images, and recovers lost messages."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from logging import getLogger
from threading import Event, Thread

from broker.app import app
from broker.chain import send_job, stage_queue
from broker.queue_length import QueueLength
from broker.queues import CO_LOCATED, FamilyQueues, all_queues
from broker.taken import TakenMessages
from broker.transport import is_redis
from config.alive import renew
from jobs.errors import StorageError
from jobs.job import Job, JobSpec
from jobs.redis.presence import ModelReport, WorkerReport
from metrics import worker as metrics
from models.family import ModelFamily
from models.weights.cache import stored_weights
from workers.lost_messages import LostMessages
from workers.parts import WorkerParts
from workers.reaper import Reaper

log = getLogger(__name__)

BEAT_S = 3.0
BEATS_PER_SWEEP = 3

_QUEUES = all_queues([*ModelFamily, CO_LOCATED])


class Housekeeping:
    """Runs beside the tasks of a worker until it is stopped.

    Args:
        parts: of the worker, with its models loaded.
        queues: the names of the queues that the worker consumes.
    """

    def __init__(self, parts: WorkerParts, queues: Sequence[str]) -> None:
        self._parts = parts
        self._queues = sorted(queues)
        self._consuming = False
        self._models = _model_reports(parts)
        # RabbitMQ puts the messages of a dead worker back itself.
        self._taken = TakenMessages(app) if is_redis(app.conf.broker_url) else None
        self._length = QueueLength(app)
        self._family_queues = FamilyQueues(parts.settings.co_locate)
        self._reaper = Reaper(parts.store, self._without_message, self._send, parts.settings.jobs.stalled_after_s)
        self._lost = LostMessages(parts.store, self._without_any_message, self._send)
        self._to_look = False
        self._wake = Event()
        self._stopped = False
        self._thread = Thread(target=self._run, name="housekeeping", daemon=True)

    def start(self) -> None:
        """Report that the worker is alive, and start the thread: a worker without a report would not be missed."""
        try:
            self._report()
        except StorageError as error:
            log.warning("store or broker does not answer", extra={"error": str(error)})
        self._thread.start()

    def report_consuming(self, *, consuming: bool) -> None:
        """Report soon whether the worker takes messages."""
        self._consuming = consuming
        self._wake.set()

    def look_for_lost_messages(self) -> None:
        """Look soon for messages that got lost on their way to a worker."""
        self._to_look = True
        self._wake.set()

    def stop(self) -> None:
        """End the thread, and report that the worker has ended. It must have no message any more."""
        self._stopped = True
        self._wake.set()
        self._thread.join(timeout=2 * BEAT_S)
        try:
            if self._taken is not None:
                self._taken.put_back(self._parts.name)
            self._parts.presence.leave(self._parts.name)
        except StorageError:
            log.warning("worker still listed as live: store does not answer")

    def _run(self) -> None:
        beats = 0
        while not self._stopped:
            self._wake.clear()
            self._renew_alive_file()
            try:
                self._beat(sweep=beats % BEATS_PER_SWEEP == 0)
            except StorageError as error:
                log.warning("store or broker does not answer", extra={"error": str(error)})
            except Exception:  # a worker whose thread ended would count as gone
                log.exception("housekeeping failed")
            beats += 1
            self._wake.wait(BEAT_S)

    def _beat(self, *, sweep: bool) -> None:
        self._parts.images.drop_old()
        self._lost.look_again()
        for worker in self._report():
            self._recover(worker)
            self._to_look = True
        if self._to_look:
            self._lost.look()
            self._to_look = False
        if sweep:
            self._reaper.sweep()

    def _renew_alive_file(self) -> None:
        renew(self._parts.settings.alive_file, "consuming" if self._consuming else "not consuming")

    def _report(self) -> list[str]:
        """Report that the worker is alive. Returns the names of the workers that are gone."""
        queues = self._queues if self._consuming else []
        report = WorkerReport(
            name=self._parts.name,
            queues=queues,
            models=self._models,
            threads=self._parts.settings.worker_threads,
            message_s=self._parts.stages.meter.seconds(),
            load=self._parts.stages.meter.load(),
        )
        return self._parts.presence.report(report)

    def _recover(self, worker: str) -> None:
        messages = self._taken.put_back(worker) if self._taken is not None else 0
        fields = {"gone": worker, "messages": messages}
        log.warning("worker is gone, its messages are back in their queues", extra=fields)
        metrics.WORKERS_GONE.inc()
        metrics.MESSAGES_PUT_BACK.inc(messages)
        # Last: if this process ends before, another one puts the messages back.
        self._parts.presence.forget(worker)

    def _without_message(self, jobs: Sequence[Job]) -> Collection[str]:
        waiting = defaultdict(list)
        for job in jobs:
            waiting[stage_queue(job.spec, job.done, self._family_queues)].append(job.spec.id)
        lost: set[str] = set()
        for queue, ids in waiting.items():
            if self._taken is not None:
                lost.update(self._taken.jobs_without_message([queue], ids, self._parts.presence.names()))
            elif self._length(queue) == 0:
                # RabbitMQ loses no message, but the API may have ended before it sent one.
                lost.update(ids)
        return lost

    def _without_any_message(self, jobs: Sequence[str]) -> Collection[str]:
        if self._taken is None:
            return ()  # RabbitMQ loses no message
        return self._taken.jobs_without_message(_QUEUES, jobs, self._parts.presence.names())

    def _send(self, spec: JobSpec, stage: int) -> None:
        send_job(app, spec, self._family_queues, from_stage=stage)


def _model_reports(parts: WorkerParts) -> list[ModelReport]:
    reports = []
    for name in parts.models.loaded:
        stored = stored_weights(name, parts.settings.weights_dir)
        reports.append(ModelReport(name=name, sha256=stored.sha256, package=stored.package, licence=stored.licence))
    return reports
