"""The background thread of a worker: reports that the worker is alive, drops old images, sends lost jobs again."""

from collections.abc import Sequence
from logging import getLogger
from threading import Event, Thread
from time import time

from broker.app import app
from broker.chain import send_job, stage_queue
from broker.queue_length import QueueLength
from broker.queues import FamilyQueues
from jobs.errors import StorageError
from jobs.job import JobSpec
from jobs.redis.presence import ModelReport, WorkerReport
from models.weights.cache import stored_weights
from workers.parts import WorkerParts
from workers.reaper import Reaper

log = getLogger(__name__)

BEAT_S = 3.0
BEATS_PER_SWEEP = 3


class Housekeeping:
    """Runs beside the tasks of a worker until it is stopped.

    Args:
        parts: of the worker, with its models loaded.
        queues: the names of the queues that the worker consumes.
    """

    def __init__(self, parts: WorkerParts, queues: Sequence[str]) -> None:
        self._parts = parts
        self._queues = sorted(queues)
        self._models = _model_reports(parts)
        self._reaper = _reaper(parts)
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="housekeeping", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, and report that the worker is gone; does nothing before `start`."""
        if not self._thread.is_alive():
            return
        self._stopped.set()
        self._thread.join(timeout=2 * BEAT_S)
        try:
            self._parts.presence.leave(self._parts.name)
        except StorageError:
            log.warning("worker still listed as live: store does not answer")

    def _run(self) -> None:
        beats = 0
        while not self._stopped.is_set():
            try:
                self._beat(sweep=beats % BEATS_PER_SWEEP == 0)
            except StorageError as error:
                log.warning("store or broker does not answer", extra={"error": str(error)})
            except Exception:  # a worker whose thread ended would count as gone
                log.exception("housekeeping failed")
            beats += 1
            self._stopped.wait(BEAT_S)

    def _beat(self, *, sweep: bool) -> None:
        self._parts.images.drop_old()
        now = time()
        report = WorkerReport(name=self._parts.name, queues=self._queues, models=self._models, seen_at=now)
        self._parts.presence.report(report)
        if sweep:
            self._reaper.sweep(now)


def _model_reports(parts: WorkerParts) -> list[ModelReport]:
    reports = []
    for name in parts.models.loaded:
        stored = stored_weights(name, parts.settings.weights_dir)
        reports.append(ModelReport(name=name, sha256=stored.sha256, package=stored.package, licence=stored.licence))
    return reports


def _reaper(parts: WorkerParts) -> Reaper:
    queues = FamilyQueues(parts.settings.co_locate)
    length = QueueLength(app)

    def queue_length(spec: JobSpec, stage: int) -> int:
        return length(stage_queue(spec, stage, queues))

    def send(spec: JobSpec, stage: int) -> None:
        send_job(app, spec, queues, from_stage=stage)

    return Reaper(parts.store, queue_length, send, parts.settings.jobs.stalled_after_s)
