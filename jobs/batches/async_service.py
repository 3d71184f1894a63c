"""Batches for an event loop: receives them, and waits for their end."""

import asyncio
from collections.abc import AsyncIterator
from time import monotonic

from jobs.batches.batch import Batch
from jobs.batches.body import BatchBody
from jobs.batches.intake import BatchIntake
from jobs.batches.requests import NewBatch, read_images, read_lines
from jobs.batches.service import BatchService
from jobs.callers import WaitingPlaces
from jobs.factory import JobFactory
from jobs.service import JobService
from jobs.submission_thread import SubmissionThread
from jobs.viewer import EVERYTHING, Viewer
from jobs.waiting import WaitHub
from pipelines.plan import check_services

POLL_EVERY_S = 0.25
"""How often a batch is read whose jobs are all over, while the rest of its body comes in."""


class AsyncBatchService:
    """Receives batches in an event loop and waits for them.

    Args:
        batches: does the work.
        jobs: submits their jobs.
        factory: makes their jobs.
        hub: signals the end of their jobs.
        thread: in which jobs are submitted.
        polls: the places of requests that wait.
    """

    def __init__(
        self,
        batches: BatchService,
        jobs: JobService,
        factory: JobFactory,
        hub: WaitHub,
        thread: SubmissionThread,
        polls: WaitingPlaces,
    ) -> None:
        self._batches = batches
        self._jobs = jobs
        self._factory = factory
        self._hub = hub
        self._thread = thread
        self._polls = polls

    async def receive(self, new: NewBatch, parts: AsyncIterator[bytes]) -> Batch:
        """Make jobs of the requests of a batch and submit them while its body comes in.

        Args:
            new: the batch.
            parts: of its body, as they come in.

        Returns:
            The batch; or the earlier batch with its idempotency key, and then the body is only compared.

        Raises:
            InvalidSample: a service of an archive does not exist, there are no requests, or the webhook is not allowed.
            Overloaded: there is no room for the batch.
            IdempotencyConflict: an earlier request with another body or other options had the key.
            StillComingIn: the earlier batch is still being received.
            FacelineError: as `BatchBody.parts` and `BatchIntake.take` do.
        """
        if new.body_kind == "archive":
            check_services(new.services, self._factory.catalogue)
        if new.webhook is not None and self._factory.webhook_rules is not None:
            await asyncio.to_thread(self._factory.webhook_rules.check, new.webhook, new.owner)
        await asyncio.to_thread(self._batches.require_room)
        spec, batch_id = await asyncio.to_thread(
            self._batches.open, new.options.ttl_s, new.caller, new.key, new.owner, new.webhook
        )
        body = BatchBody(parts, self._batches.settings.patience_s, with_digest=new.key is not None)
        if batch_id != spec.id:
            await body.discard()
            return await asyncio.to_thread(self._batches.repeated, batch_id, body.digest)
        intake = BatchIntake(spec, body, self._batches, self._jobs, self._factory, self._thread)
        if new.body_kind == "archive":
            await intake.take(read_images(intake.parts(), new, self._factory.limits, self._batches.settings))
        else:
            await intake.take(read_lines(intake.parts(), new.options, self._factory))
        return await asyncio.to_thread(self._batches.find, batch_id)

    async def wait(self, batch_id: str, wait_s: float, viewer: Viewer = EVERYTHING) -> Batch:
        """A batch that a caller sees, once it is over, or as it is after `wait_s`.

        At once if too many requests wait already.

        Raises:
            FacelineError: as `BatchService.find` does.
        """
        ends = monotonic() + (0 if self._polls.full else wait_s)
        followed = None
        with self._polls.take(), self._hub.watch() as watch:
            while True:
                batch = await asyncio.to_thread(self._batches.seen_by(viewer).find, batch_id)
                now = await asyncio.to_thread(self._batches.now)
                if batch.status(now).over or monotonic() >= ends:
                    return batch
                # The last job is likely to end last.
                last = next((job.job_id for job in reversed(batch.jobs) if not job.status.over), None)
                if last is None:
                    await asyncio.sleep(POLL_EVERY_S)
                elif last != followed:
                    # It may have ended before it was followed, so the batch is read again.
                    watch.follow(followed := last)
                else:
                    await watch.wait(ends)
