"""The background thread of a worker: it says that the worker is alive, forgets old images, sends lost jobs again."""

from collections.abc import Sequence
from logging import getLogger
from threading import Event, Thread
from time import time

from broker.app import app
from broker.chain import send_job, stage_queue
from broker.depth import QueueDepth
from broker.queues import Placement
from jobs.errors import StorageError
from jobs.job import JobSpec
from jobs.redis.presence import ModelReport, WorkerReport
from models.weights.cache import stored_weights
from workers.reaper import Reaper
from workers.runtime import Runtime

log = getLogger(__name__)

BEAT_S = 3.0
BEATS_PER_SWEEP = 3


class Housekeeping:
    """Runs beside the tasks of a worker until it is stopped.

    Args:
        here: the worker's parts.
        queues: that it consumes.
    """

    def __init__(self, here: Runtime, queues: Sequence[str]) -> None:
        self._here = here
        self._queues = sorted(queues)
        self._models = [
            ModelReport(name=name, sha256=stored.sha256, package=stored.package, licence=stored.licence)
            for name in here.sessions.loaded
            for stored in [stored_weights(name, here.settings.weights_dir)]
        ]
        self._stopped = Event()
        self._thread = Thread(target=self._beat, name="housekeeping", daemon=True)
        placement = Placement(here.settings.co_locate)
        depth = QueueDepth(app)

        def waiting(spec: JobSpec, stage: int) -> int:
            return depth(stage_queue(spec, stage, placement))

        def send(spec: JobSpec, stage: int) -> None:
            send_job(app, spec, placement, from_stage=stage)

        self._reaper = Reaper(here.store, waiting, send, here.settings.jobs.stalled_after_s)

    def start(self) -> None:
        """Begin; the worker is ready."""
        self._thread.start()

    def stop(self) -> None:
        """End; the worker takes no more messages."""
        self._stopped.set()
        self._thread.join(timeout=2 * BEAT_S)
        try:
            self._here.presence.leave(self._here.name)
        except StorageError:
            log.warning("could not say goodbye")

    def _beat(self) -> None:
        beats = 0
        while not self._stopped.is_set():
            self._here.images.drop_old()
            try:
                report = WorkerReport(name=self._here.name, queues=self._queues, models=self._models, seen_at=time())
                self._here.presence.report(report)
                if beats % BEATS_PER_SWEEP == 0:
                    self._reaper.sweep(time())
            except StorageError as error:
                log.warning("store away", extra={"error": str(error)})
            except Exception:  # a worker that fell silent would count as gone
                log.exception("housekeeping failed")
            beats += 1
            self._stopped.wait(BEAT_S)
