"""`StageRunner`: claims a stage, runs its services on the chunk, and stores the result."""

from collections.abc import Callable, Sequence
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
from pipelines.chunk import SKIPPED, Chunk, Failure
from pipelines.load import GROUP_PIXELS, LoadedItem, load_groups
from pipelines.plan import Stage
from pipelines.run import run_service
from workers.images import ImageCache

log = getLogger(__name__)


REPORT_EVERY_S = 0.25
"""How often a stage reports its progress, and reads whether its job was canceled."""
POISONED = "a stage began too often and did not end: an image may crash the worker; send the images in separate jobs"


class StageCanceled(FacelineError):
    """The job of a stage was canceled or erased while the stage ran."""

    type = "canceled"


class StageTimedOut(FacelineError):
    """A stage took longer than it may."""

    type = "timed_out"


@dataclass(frozen=True, slots=True)
class StageRunner:
    """Runs stages of jobs.

    Attributes:
        store: holds the jobs.
        images: gives decoded images by blob id or reference.
        service: gives a service by name; raises `ModelError`.
        worker: the name of this worker.
        deadline_s: after it a stage starts no further service, and its job fails.
        group_pixels: how many pixels of a chunk are decoded at a time, see `load_groups`; 1 decodes one image at a
            time.
    """

    store: JobStore
    images: ImageCache
    service: Callable[[str], Service]
    worker: str
    deadline_s: float
    group_pixels: int = GROUP_PIXELS

    def run(self, job_id: str, index: int, queue: str) -> bool:
        """Run a stage, unless its job no longer needs it.

        Args:
            job_id: of the job.
            index: of the stage in its plan.
            queue: that the message was taken from.

        Returns:
            Whether the chain continues.

        Raises:
            StorageError: the store did not answer; the message has to be delivered again.
        """
        token = current_job.set(job_id)
        try:
            claim = self.store.claim_stage(job_id, index, time())
            if claim.outcome is ClaimOutcome.GO and claim.spec and claim.chunk:
                return self._run_claimed(_StageRun(self, claim.spec, claim.spec.stages[index], claim.chunk, queue))
            return self._skip(claim, index)
        finally:
            current_job.reset(token)

    def _skip(self, claim: StageClaim, index: int) -> bool:
        log.info("stage skipped", extra={"stage": index, "outcome": claim.outcome.value})
        if claim.spec and claim.outcome is ClaimOutcome.CANCELED:
            self._finish(claim.spec, Ending(JobStatus.CANCELED), {})
        if claim.spec and claim.outcome is ClaimOutcome.POISONED:
            self.store.dead_letter(claim.spec, index, time())
            failure = Failure(service=None, type="poisoned", message=POISONED)
            self._finish(claim.spec, Ending(JobStatus.FAILED, failure=failure), {})
        # The worker that ran a finished stage may have died before it sent the message of the next stage.
        return claim.outcome is ClaimOutcome.DONE

    def _run_claimed(self, run: "_StageRun") -> bool:
        try:
            run.run_services()
        except StorageError:
            raise
        except StageCanceled:
            self._finish(run.spec, Ending(JobStatus.CANCELED), run.progress)
            return False
        except FacelineError as error:
            failure = Failure(service=None, type=error.type, message=str(error))
            self._finish(run.spec, Ending(JobStatus.FAILED, failure=failure), run.progress)
            return False
        except Exception:  # a bug must not leave its job running forever
            log.exception("stage failed", extra={"stage": run.stage.index})
            failure = Failure(service=None, type="internal", message="internal error")
            self._finish(run.spec, Ending(JobStatus.FAILED, failure=failure), run.progress)
            return False
        run.chunk.done = run.stage.index + 1
        if ending := run.ending():
            self._finish(run.spec, ending, run.progress)
            return False
        self.store.complete_stage(run.spec, run.chunk, run.progress, time())
        log.info("stage done", extra=_log_fields(run.spec, run.progress))
        return True

    def _finish(self, spec: JobSpec, ending: Ending, progress: Progress) -> None:
        self.images.drop(spec.blobs)
        now = time()
        if self.store.finish(spec, ending, progress, now):
            # One line of log for each message: a line takes as long as a small model.
            ended = {"status": ending.status.value, "ms": round((now - spec.created_at) * 1000)}
            log.info("job over", extra={**ended, **_log_fields(spec, progress)})
        else:
            log.info("stage result discarded: job already finished", extra=_log_fields(spec, progress))


class _StageRun:
    """One run of a stage.

    Attributes:
        spec: of its job.
        stage: whose services are run.
        chunk: the items that they are run on.
        progress: of the services that ran so far, by their index in the plan.
    """

    def __init__(self, runner: StageRunner, spec: JobSpec, stage: Stage, chunk: Chunk, queue: str) -> None:
        self.spec = spec
        self.stage = stage
        self.chunk = chunk
        self.progress: dict[int, ServiceProgress] = {}
        self._runner = runner
        self._queue = queue
        self._services = dict(enumerate(stage.services, start=stage.first))
        self._ms = dict.fromkeys(self._services, 0.0)
        self._reported_at = monotonic()
        self._ends_at = self._reported_at + runner.deadline_s

    def run_services(self) -> None:
        """Run the services on all items, a group of items at a time that fits into memory.

        Raises:
            StageTimedOut: the stage took too long.
            StageCanceled: the job was canceled or erased.
            StorageError: the store did not answer.
            ModelError: a service cannot be loaded.
        """
        names = [item.image for item in self.chunk.items if item.image is not None and not item.failed]
        with self._runner.images.ahead(names) as images:
            loading_since = perf_counter()
            for group in load_groups(self.chunk.items, images, self._runner.group_pixels):
                # Decoding time is charged to the first service of the stage.
                self._ms[self.stage.first] += (perf_counter() - loading_since) * 1000
                for index, name in self._services.items():
                    if all(loaded_item.item.failed for loaded_item in group):
                        break
                    self._check()
                    self._run_service(index, name, group)
                if self._is_last:
                    # No later stage needs these images, and the next ones need the memory.
                    self._runner.images.drop(
                        [loaded_item.item.image for loaded_item in group if loaded_item.item.image is not None]
                    )
                # Free these images before the next ones are decoded.
                group.clear()
                loading_since = perf_counter()

    def ending(self) -> Ending | None:
        """How the job ends with this stage; None if its next stage follows."""
        if all(item.failed for item in self.chunk.items):
            # The result of several items says of each why it failed.
            result = self.chunk if len(self.chunk.items) > 1 else None
            return Ending(JobStatus.FAILED, result=result, failure=self.chunk.items[0].failures[-1])
        return Ending(JobStatus.SUCCEEDED, result=self.chunk) if self._is_last else None

    @property
    def _is_last(self) -> bool:
        return self.stage.index + 1 == len(self.spec.stages)

    def _check(self) -> None:
        """Check the deadline; from time to time, report the progress and learn whether the job was canceled."""
        now = monotonic()
        if now > self._ends_at:
            raise StageTimedOut(
                f"the stage took longer than {self._runner.deadline_s:g} s: send fewer or smaller images"
            )
        if now > self._reported_at + REPORT_EVERY_S:
            self._reported_at = now
            if not self._runner.store.report_progress(self.spec, self.progress):
                raise StageCanceled

    def _run_service(self, index: int, name: str, group: Sequence[LoadedItem]) -> None:
        service = self._runner.service(name)
        self._ms[index] += run_service(
            service, group, fail_fast=self.spec.on_error == "fail", max_faces=self.spec.max_faces
        )
        failures = [failure for item in self.chunk.items for failure in item.failures if failure.service == name]
        self.progress[index] = ServiceProgress(
            status=self._status(failures),
            ms=round(self._ms[index], 3),
            worker=self._runner.worker,
            queue=self._queue,
            error=failures[0].message if failures else None,
        )

    def _status(self, failures: Sequence[Failure]) -> ServiceStatus:
        """The status of a service that has these failures: skipped if it was run on no item."""
        if any(failure.type != SKIPPED for failure in failures):
            return ServiceStatus.FAILED
        ran = len(failures) < sum(not item.failed for item in self.chunk.items)
        return ServiceStatus.SUCCEEDED if ran else ServiceStatus.SKIPPED


def _log_fields(spec: JobSpec, progress: Progress) -> dict[str, object]:
    """The fields of a line of log about a stage: its queue, and the milliseconds of each service by name."""
    fields: dict[str, object] = {}
    for index, service in progress.items():
        fields |= {"queue": service.queue, spec.plan.services[index]: service.ms}
    return fields
