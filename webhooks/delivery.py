"""`Deliverer`: delivers one message, and records what came of it."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from logging import getLogger
from math import ceil
from time import perf_counter

from standardwebhooks.webhooks import Webhook as Signer

from access.webhook_secrets import WebhookSecrets
from config.logs import job_id, request_id
from config.settings import WebhookSettings
from jobs.answer import JobSnapshot
from jobs.batches.service import BatchService
from jobs.job import JobStatus
from jobs.redis.webhooks import DueWebhooks, Subject
from jobs.store import JobStore
from jobs.webhooks.messages import batch_message, job_message
from jobs.webhooks.webhook import DeliveryStatus, Webhook
from metrics.webhooks import ATTEMPT_SECONDS, DELIVERIES
from traces import spans
from webhooks.pauses import next_pause_s
from webhooks.sender import NotDelivered, Outcome, Sender

log = getLogger(__name__)

SOONEST_LOOK_S, LATEST_LOOK_S = 1.0, 30.0


@dataclass(frozen=True, slots=True)
class Message:
    """A message that is ready to be sent.

    Attributes:
        owner: of the job or batch.
        body: JSON.
        ended_at: when the job or batch ended, in seconds since the epoch.
        attempts: how often it was sent before.
        request_id: of the HTTP request that made the job.
        traceparent: see `JobSpec`.
    """

    webhook: Webhook
    owner: str | None
    body: bytes
    ended_at: float
    attempts: int
    request_id: str | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Deliverer:
    """Delivers the messages of webhooks. Its methods raise `StorageError` if the store does not answer.

    Attributes:
        due: the webhooks.
        jobs: that messages are about.
        batches: that messages are about.
        secrets: sign the messages.
        sender: posts the messages.
    """

    due: DueWebhooks
    jobs: JobStore
    batches: BatchService
    secrets: WebhookSecrets
    sender: Sender
    settings: WebhookSettings

    async def deliver(self, subject: Subject) -> None:
        """Try once to deliver the message about a job or batch, if it is over."""
        # Each delivery has a task, and so a context, of its own.
        if subject.kind == "job":
            job_id.set(subject.id)
        message = await asyncio.to_thread(self._message, subject)
        if message is None:
            return
        request_id.set(message.request_id)
        attempt: spans.Attributes = {"faceline.job.id": subject.id, "faceline.attempt": message.attempts + 1}
        began = perf_counter()
        try:
            with spans.continued(message.traceparent), spans.step("deliver webhook", attempt, "client"):
                await self._send(subject, message)
        except NotDelivered as error:
            ATTEMPT_SECONDS.labels(error.outcome.value).observe(perf_counter() - began)
            await asyncio.to_thread(self._record_failure, subject, message, error)
        else:
            ATTEMPT_SECONDS.labels(Outcome.ACCEPTED.value).observe(perf_counter() - began)
            log.info("webhook delivered", extra={"subject": str(subject), "attempts": message.attempts + 1})
            await asyncio.to_thread(self._end, subject, DeliveryStatus.DELIVERED, attempted=True)

    async def _send(self, subject: Subject, message: Message) -> None:
        secrets = await asyncio.to_thread(self.secrets.of, message.owner)
        if not secrets:
            raise NotDelivered("no secret signs the messages of this caller", Outcome.NO_SECRET)
        now = datetime.now(UTC)
        # One message for each job or batch, so its id gives that of the message.
        message_id, text = f"msg_{subject.id}", message.body.decode()
        headers = {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(Signer(secret).sign(message_id, now, text) for secret in secrets),
        }
        await self.sender.post(message.webhook.url, message.body, headers)

    def _message(self, subject: Subject) -> Message | None:
        """The message about a subject; None, and that is recorded, if there is none or not yet."""
        webhook = self.due.webhook(subject)
        if webhook is None:
            self._end(subject, DeliveryStatus.EXPIRED)
            return None
        return self._job_message(subject, webhook) if subject.kind == "job" else self._batch_message(subject, webhook)

    def _job_message(self, subject: Subject, webhook: Webhook) -> Message | None:
        job = self.jobs.find(subject.id)
        if job is None or not job.status.over or job.status in (JobStatus.ERASED, JobStatus.EXPIRED):
            self._end(subject, DeliveryStatus.EXPIRED)
            return None
        if f"job.{job.status}" not in webhook.events:
            self._end(subject, DeliveryStatus.SKIPPED)
            return None
        snapshot = JobSnapshot(job)
        if webhook.include_result:
            snapshot = JobSnapshot.of(job, self.jobs.data(job.spec.id), self.jobs)
        made = job_message(snapshot, self.settings.api_url.rstrip("/"), include_result=webhook.include_result)
        body = made.model_dump_json(exclude_none=True).encode()
        attempts = job.delivery.attempts if job.delivery else 0
        spec, ended_at = job.spec, job.finished_at or job.spec.created_at
        return Message(webhook, spec.owner, body, ended_at, attempts, spec.request_id, spec.traceparent)

    def _batch_message(self, subject: Subject, webhook: Webhook) -> Message | None:
        batch, now = self.batches.refresh(subject.id), self.due.now()
        if batch is None or batch.erased:
            self._end(subject, DeliveryStatus.EXPIRED)
            return None
        status = batch.status(now)
        if not status.over:
            age_s = now - batch.spec.created_at
            self.due.postpone(subject, min(max(age_s / 10, SOONEST_LOOK_S), LATEST_LOOK_S))
            return None
        if f"batch.{status}" not in webhook.events:
            self._end(subject, DeliveryStatus.SKIPPED)
            return None
        attempts = batch.delivery.attempts if batch.delivery else 0
        if not attempts:
            # Once its first result is deleted, the batch has another status than the message.
            left_s = (batch.expires_at or 0) - now
            self.due.keep_for(subject, ceil(left_s) if left_s > 0 else batch.spec.ttl_s)
        body = batch_message(batch, self.settings.api_url.rstrip("/"), now).model_dump_json().encode()
        return Message(webhook, batch.spec.owner, body, batch.finished_at(now) or batch.touched_at, attempts)

    def _record_failure(self, subject: Subject, message: Message, error: NotDelivered) -> None:
        attempts, left_s = message.attempts + 1, message.ended_at + self.settings.give_up_s - self.due.now()
        pause_s = None if error.gone else next_pause_s(attempts, error.retry_after_s, left_s, self.settings)
        fields = {"subject": str(subject), "attempts": attempts, "reason": str(error)}
        if pause_s is None:
            log.warning("webhook given up", extra=fields)
            self._end(subject, DeliveryStatus.FAILED, error=str(error), attempted=True)
        else:
            log.warning("webhook not delivered", extra=fields)
            self.due.record(subject, DeliveryStatus.PENDING, error=str(error), again_in_s=pause_s)

    def _end(self, subject: Subject, status: DeliveryStatus, *, error: str = "", attempted: bool = False) -> None:
        """Record that a delivery is over."""
        self.due.record(subject, status, error=error, attempted=attempted)
        DELIVERIES.labels(status.value).inc()
