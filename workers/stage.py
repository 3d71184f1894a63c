"""`StageRunner`: claims a stage, runs its services on the chunk, and stores the result."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from logging import getLogger
from time import monotonic, perf_counter

from config.errors import FacelineError
from config.logs import job_id as current_job
from config.logs import request_id as current_request
from jobs.errors import StorageError
from jobs.job import Ending, JobSpec, JobStatus
from jobs.progress import Progress, ServiceProgress, ServiceStatus
from jobs.store import ClaimOutcome, JobStore, StageClaim
from metrics import worker as metrics
from models.imaging.decode import Image
from models.service import Service
from pipelines.chunk import SKIPPED, Chunk, Failure, Item
from pipelines.load import GROUP_PIXELS, LoadedItem, load_groups
from pipelines.pair import MATCHER, failure_of
from pipelines.plan import Stage
from pipelines.run import run_pair, run_service
from traces import spans
from workers.images import ImageCache
from workers.in_hand import StageHeld, StageInHand, StagesInHand
from workers.meter import WorkMeter
from workers.turns import Turns

log = getLogger(__name__)


REPORT_EVERY_S = 0.25
"""How often a stage reports its progress, and reads whether its job was canceled."""
LATE = "the job was not over by its deadline: send it again"
POISONED = "a stage began too often and did not end: its worker died or was ended each time"
POISONED_ITEM = "the worker died or was ended each time that it tried this sample"


class StageCanceled(FacelineError):
    """The job of a stage was canceled or erased while the stage ran, or another worker took the stage over."""

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
        in_hand: the stages that the process works on.
        turns: lets stages run side by side, or one alone.
        meter: measures how long a message takes.
    """

    store: JobStore
    images: ImageCache
    service: Callable[[str], Service]
    worker: str
    deadline_s: float
    group_pixels: int = GROUP_PIXELS
    in_hand: StagesInHand = field(default_factory=StagesInHand)
    turns: Turns = field(default_factory=Turns)
    meter: WorkMeter = field(default_factory=WorkMeter)

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
            StageHeld: a live worker runs the stage; the message has to be delivered again, later.
            RecordUnreadable: the record of the job cannot be read.
        """
        job_token, request_token = current_job.set(job_id), current_request.set(None)
        try:
            with self.in_hand.take(job_id, index) as stage:
                with self.turns.together():
                    claim = self._claim(stage, alone=False)
                    if claim.outcome is not ClaimOutcome.ALONE:
                        return self._follow(claim, stage, queue)
                # A stage that waits here is not counted as an attempt: another one may kill this process meanwhile.
                with self.turns.alone():
                    log.warning("stage runs alone: a worker died while it ran", extra={"stage": index})
                    return self._follow(self._claim(stage, alone=True), stage, queue)
        finally:
            current_job.reset(job_token)
            current_request.reset(request_token)

    def _claim(self, stage: StageInHand, *, alone: bool) -> StageClaim:
        claim = self.store.claim_stage(stage.job_id, stage.index, self.worker, self.store.now(), alone=alone)
        metrics.CLAIMS.labels(claim.outcome.value).inc()
        return claim

    def _follow(self, claim: StageClaim, stage: StageInHand, queue: str) -> bool:
        if claim.outcome is ClaimOutcome.HELD:
            raise StageHeld("another worker runs the stage")
        if claim.spec:
            current_request.set(claim.spec.request_id)
        if claim.outcome is ClaimOutcome.GO and claim.spec and claim.chunk:
            stage.began = True
            family = claim.spec.stages[stage.index].family.value
            metrics.STAGE_ITEMS.labels(family).observe(len(claim.chunk.items))
            step = spans.step(
                f"stage {family}", {**of_job(stage.job_id, stage.index), "faceline.items": len(claim.chunk.items)}
            )
            with step, self.meter.message(queue), metrics.STAGE_SECONDS.labels(family).time():
                return self._run_claimed(_StageRun(self, claim, claim.spec, claim.chunk, stage, queue))
        return self._skip(claim, stage.index)

    def _skip(self, claim: StageClaim, index: int) -> bool:
        log.info("stage skipped", extra={"stage": index, "outcome": claim.outcome.value})
        if claim.spec and claim.outcome is ClaimOutcome.CANCELED:
            self._finish(claim.spec, Ending(JobStatus.CANCELED), {})
        if claim.spec and claim.outcome is ClaimOutcome.LATE:
            failure = Failure(service=None, type="timed_out", message=LATE)
            self._finish(claim.spec, Ending(JobStatus.FAILED, failure=failure), {})
        if claim.spec and claim.outcome is ClaimOutcome.POISONED:
            metrics.DEAD_LETTERS.inc()
            self.store.dead_letter(claim.spec, index, (), self.store.now())
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
            self._finish(run.spec, Ending(JobStatus.CANCELED), run.progress, run.claim.id)
            return False
        except FacelineError as error:
            failure = Failure(service=None, type=error.type, message=str(error))
            self._finish(run.spec, Ending(JobStatus.FAILED, failure=failure), run.progress, run.claim.id)
            return False
        except Exception:  # a bug must not leave its job running forever
            log.exception("stage failed", extra={"stage": run.stage.index})
            failure = Failure(service=None, type="internal", message="internal error")
            self._finish(run.spec, Ending(JobStatus.FAILED, failure=failure), run.progress, run.claim.id)
            return False
        run.chunk.done = run.stage.index + 1
        if run.claim.poisoned:
            metrics.DEAD_LETTERS.inc()
            self.store.dead_letter(run.spec, run.stage.index, run.claim.poisoned, self.store.now())
        if ending := run.ending():
            self._finish(run.spec, ending, run.progress, run.claim.id)
            return False
        if not self.store.complete_stage(run.spec, run.chunk, run.progress, self.store.now(), run.claim.id):
            log.info("stage result discarded: job over, or taken over", extra=_log_fields(run.spec, run.progress))
            return False
        log.info("stage done", extra=_log_fields(run.spec, run.progress))
        return True

    def _finish(self, spec: JobSpec, ending: Ending, progress: Progress, claim_id: str = "") -> None:
        self.images.drop(spec.blobs)
        now = self.store.now()
        if ending.failure:
            spans.fail(ending.failure.type)
        if self.store.finish(spec, ending, progress, now, claim_id):
            reason = ending.failure.type if ending.failure else None
            metrics.note_end(ending.status.value, spec.priority.value, now - spec.created_at, reason)
            # One line of log for each message: a line takes as long as a small model.
            ended = {"status": ending.status.value, "ms": round((now - spec.created_at) * 1000)}
            log.info("job over", extra={**ended, **_log_fields(spec, progress)})
        else:
            log.info("stage result discarded: job over, or taken over", extra=_log_fields(spec, progress))


class _StageRun:
    """One run of a stage.

    Attributes:
        claim: of the stage.
        spec: of its job.
        stage: whose services are run.
        chunk: the items that they are run on.
        progress: of the services that ran so far, by their index in the plan.
    """

    def __init__(
        self, runner: StageRunner, claim: StageClaim, spec: JobSpec, chunk: Chunk, in_hand: StageInHand, queue: str
    ) -> None:
        self.claim = claim
        self.spec = spec
        self.stage: Stage = spec.stages[in_hand.index]
        self.chunk = chunk
        self.progress: dict[int, ServiceProgress] = {}
        self._runner = runner
        self._in_hand = in_hand
        self._queue = queue
        services = dict(enumerate(self.stage.services, start=self.stage.first))
        self._ms = dict.fromkeys(services, 0.0)
        # The matching service of a pair needs both items, which may be in different groups.
        self._joining = [index for index, name in services.items() if spec.pair and name == MATCHER]
        self._services = {index: name for index, name in services.items() if index not in self._joining}
        self._reported_at = monotonic()
        self._ends_at = self._reported_at + runner.deadline_s

    def run_services(self) -> None:
        """Run the services on all items, a group of items at a time that fits into memory.

        Raises:
            StageTimedOut: the stage took too long.
            StageCanceled: see there.
            StorageError: the store did not answer.
            ModelError: a service cannot be loaded.
        """
        for index in self.claim.poisoned:
            item = self.chunk.items[index]
            item.failures.append(Failure(service=None, type="poisoned", message=POISONED_ITEM))
            item.failed = True
        if self._services:
            self._run_on_groups()
        for index in self._joining:
            if not self._is_hopeless(self.chunk.items):
                self._check()
                self._run_joining(index)

    def _run_on_groups(self) -> None:
        names = [item.image for item in self.chunk.items if item.image is not None and not item.failed]
        with self._runner.images.ahead(names) as images:
            loading_since = perf_counter()
            for group in self._groups(images):
                # Decoding time is charged to the first service of the stage.
                self._ms[self.stage.first] += (perf_counter() - loading_since) * 1000
                for index, name in self._services.items():
                    if self._is_hopeless([loaded_item.item for loaded_item in group]):
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
                self._in_hand.service = None
                loading_since = perf_counter()

    def ending(self) -> Ending | None:
        """How the job ends with this stage; None if its next stage follows."""
        if self.spec.pair and (failure := failure_of(self.chunk.items)):
            return Ending(JobStatus.FAILED, failure=failure)
        if all(item.failed for item in self.chunk.items):
            # The result of several items says of each why it failed.
            result = self.chunk if len(self.chunk.items) > 1 else None
            return Ending(JobStatus.FAILED, result=result, failure=self.chunk.items[0].failures[-1])
        return Ending(JobStatus.SUCCEEDED, result=self.chunk) if self._is_last else None

    def _groups(self, images: Callable[[str], Image]) -> Iterator[list[LoadedItem]]:
        if not self.claim.alone:
            yield from load_groups(self.chunk.items, images, self._runner.group_pixels)
            return
        for index, item in enumerate(self.chunk.items):
            if item.failed:
                continue
            if not self._runner.store.try_item(self.spec, index, self.claim.id):
                raise StageCanceled
            yield from load_groups([item], images, 1)

    def _is_hopeless(self, items: Sequence[Item]) -> bool:
        """Whether no service needs to run on these items any more: all failed, or one item of the pair did."""
        return all(item.failed for item in items) or (
            self.spec.pair is not None and any(item.failed for item in self.chunk.items)
        )

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
            if not self._runner.store.report_progress(self.spec, self.progress, self.claim.id):
                raise StageCanceled

    def _run_service(self, index: int, name: str, group: Sequence[LoadedItem]) -> None:
        service = self._runner.service(name)
        self._in_hand.service = name
        with spans.step(f"service {name}", {"faceline.items": len(group)}):
            ms = run_service(
                service,
                group,
                fail_fast=self.spec.on_error == "fail",
                max_faces=self.spec.max_faces,
                pair=self.spec.pair,
            )
        self._note(index, name, ms)

    def _run_joining(self, index: int) -> None:
        name = self.spec.plan.services[index]
        service = self._runner.service(name)
        self._in_hand.service = name
        with spans.step(f"service {name}", {"faceline.items": len(self.chunk.items)}):
            ms = run_pair(service, self.chunk.items)
        self._in_hand.service = None
        self._note(index, name, ms)

    def _note(self, index: int, name: str, ms: float) -> None:
        """Note that a service has run for some milliseconds."""
        self._ms[index] += ms
        failures = [failure for item in self.chunk.items for failure in item.failures if failure.service == name]
        self.progress[index] = ServiceProgress(
            status=self._status(failures),
            ms=round(self._ms[index], 3),
            worker=self._runner.worker,
            queue=self._queue,
            error=failures[0].message if failures else None,
        )
        metrics.SERVICE_SECONDS.labels(name, self.progress[index].status.value).observe(ms / 1000)

    def _status(self, failures: Sequence[Failure]) -> ServiceStatus:
        """The status of a service that has these failures: skipped if it was run on no item."""
        if any(failure.type != SKIPPED for failure in failures):
            return ServiceStatus.FAILED
        ran = len(failures) < sum(not item.failed for item in self.chunk.items)
        return ServiceStatus.SUCCEEDED if ran else ServiceStatus.SKIPPED


def of_job(job_id: str, stage: int) -> spans.Attributes:
    """The attributes of the spans of a stage of a job."""
    return {"faceline.job.id": job_id, "faceline.stage": stage}


def _log_fields(spec: JobSpec, progress: Progress) -> dict[str, object]:
    """The fields of a line of log about a stage: its queue, and the milliseconds of each service by name."""
    fields: dict[str, object] = {}
    for index, service in progress.items():
        fields |= {"queue": service.queue, spec.plan.services[index]: service.ms}
    return fields
