"""What a worker does with the message of a stage."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from logging import getLogger
from time import monotonic, perf_counter, time

from config.errors import FacelineError
from config.logs import job_id as current_job
from jobs.errors import StorageError
from jobs.job import Ending, JobSpec, JobStatus
from jobs.progress import Progress, ServiceProgress, ServiceStatus
from jobs.store import ClaimOutcome, JobStore, StageClaim
from models.service import Service
from pipelines.chunk import Chunk, Failure
from pipelines.plan import Stage
from pipelines.run import SLICE_PIXELS, open_slices, run_service
from workers.images import ImageCache

log = getLogger(__name__)


LOOK_EVERY_S = 0.25
"""How often a stage says how far it is, and looks whether its job still wants it."""


@dataclass(frozen=True, slots=True)
class StageRunner:
    """Runs stages of jobs.

    Attributes:
        store: of the jobs.
        images: decoded, by blob id or reference.
        service: gives a service by name; raises `ModelError`.
        worker: the name of this worker.
        deadline_s: after it a stage begins no further service, and its job fails.
        slice_pixels: see `open_slices`; 1 takes the images of a chunk one at a time.
    """

    store: JobStore
    images: ImageCache
    service: Callable[[str], Service]
    worker: str
    deadline_s: float
    slice_pixels: int = SLICE_PIXELS

    def run(self, job_id: str, index: int, queue: str) -> bool:
        """Run a stage, unless the job has no use for it any more.

        Args:
            job_id: whose job.
            index: of the stage in its plan.
            queue: from which the message was taken.

        Returns:
            Whether the chain goes on.

        Raises:
            StorageError: the store did not answer; the message has to come again.
        """
        token = current_job.set(job_id)
        try:
            claim = self.store.claim_stage(job_id, index, time())
            if claim.outcome is ClaimOutcome.GO and claim.spec and claim.chunk:
                return self._go(claim.spec, claim.spec.stages[index], claim.chunk, queue)
            return self._stop(claim, index)
        finally:
            current_job.reset(token)

    def _stop(self, claim: StageClaim, index: int) -> bool:
        log.info("stage skipped", extra={"stage": index, "verdict": claim.outcome.value})
        if claim.spec and claim.outcome is ClaimOutcome.CANCELED:
            self._finish(claim.spec, Ending(JobStatus.CANCELED), {})
        if claim.spec and claim.outcome is ClaimOutcome.POISONED:
            self.store.dead_letter(claim.spec, index, time())
            failure = Failure(service=None, type="poisoned", message="a stage was begun too often without an end")
            self._finish(claim.spec, Ending(JobStatus.FAILED, failure=failure), {})
        # A message that came twice may be the one whose follower was never sent.
        return claim.outcome is ClaimOutcome.DONE

    def _go(self, spec: JobSpec, stage: Stage, chunk: Chunk, queue: str) -> bool:
        progress: dict[int, ServiceProgress] = {}
        try:
            self._run_services(spec, stage, chunk, progress, queue)
        except StorageError:
            raise
        except StageUnwanted:
            return self._finish(spec, Ending(JobStatus.CANCELED), progress)
        except FacelineError as error:
            failure = Failure(service=None, type=error.type, message=str(error))
            return self._finish(spec, Ending(JobStatus.FAILED, failure=failure), progress)
        except Exception:  # a bug must not leave its job hanging
            log.exception("stage failed", extra={"stage": stage.index})
            failure = Failure(service=None, type="internal", message="internal error")
            return self._finish(spec, Ending(JobStatus.FAILED, failure=failure), progress)
        chunk.done = stage.index + 1
        if all(item.dead for item in chunk.items):
            # Where samples travel together, each has its own failure.
            result = chunk if len(chunk.items) > 1 else None
            ending = Ending(JobStatus.FAILED, result=result, failure=chunk.items[0].failures[-1])
            return self._finish(spec, ending, progress)
        if chunk.done == len(spec.stages):
            return self._finish(spec, Ending(JobStatus.SUCCEEDED, result=chunk), progress)
        self.store.complete_stage(spec, chunk, progress, time())
        log.info("stage done", extra=_told(spec, progress))
        return True

    def _run_services(
        self, spec: JobSpec, stage: Stage, chunk: Chunk, progress: dict[int, ServiceProgress], queue: str
    ) -> None:
        looked = monotonic()
        ends = looked + self.deadline_s
        took = dict.fromkeys(range(stage.first, stage.first + len(stage.services)), 0.0)
        opened = perf_counter()
        named = [item.image for item in chunk.items if item.image is not None and not item.dead]
        with self.images.ahead(named) as images:
            for frames in open_slices(chunk.items, images, self.slice_pixels):
                # Whoever comes first pays for the decoding.
                took[stage.first] += (perf_counter() - opened) * 1000
                for place, name in enumerate(stage.services, start=stage.first):
                    if all(frame.item.dead for frame in frames):
                        break
                    now = monotonic()
                    if now > ends:
                        raise StageTimedOut(f"the stage took longer than {self.deadline_s:g} s")
                    if now > looked + LOOK_EVERY_S:
                        looked = now
                        if not self.store.report_progress(spec, progress):
                            raise StageUnwanted
                    took[place] += run_service(self.service(name), frames, fail_fast=spec.on_error == "fail")
                    failures = [failure for item in chunk.items for failure in item.failures if failure.service == name]
                    progress[place] = ServiceProgress(
                        status=ServiceStatus.FAILED if failures else ServiceStatus.SUCCEEDED,
                        ms=round(took[place], 3),
                        worker=self.worker,
                        queue=queue,
                        error=failures[0].message if failures else None,
                    )
                if stage.index + 1 == len(spec.stages):
                    # Nobody else will look at them, and the next ones need the room.
                    self.images.drop([frame.item.image for frame in frames if frame.item.image is not None])
                frames.clear()
                opened = perf_counter()

    def _finish(self, spec: JobSpec, ending: Ending, progress: Progress) -> bool:
        self.images.drop(spec.blobs)
        now = time()
        ended = self.store.finish(spec, ending, progress, now)
        # One line for each message: a line takes as long as a small model.
        more = {"status": ending.status.value, "ms": round((now - spec.created_at) * 1000)} if ended else {}
        log.info("job over" if ended else "stage in vain", extra={**more, **_told(spec, progress)})
        return False


def _told(spec: JobSpec, progress: Mapping[int, ServiceProgress]) -> dict[str, object]:
    """What the log says of the services of a stage: their queue, and their milliseconds by name."""
    told: dict[str, object] = {}
    for place, one in progress.items():
        told |= {"queue": one.queue, spec.plan.services[place]: one.ms}
    return told


class StageUnwanted(FacelineError):
    """The job of a stage was canceled, or erased."""

    type = "canceled"


class StageTimedOut(FacelineError):
    """A stage took longer than it may."""

    type = "timed_out"
