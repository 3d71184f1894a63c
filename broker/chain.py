"""Sends the Celery chain of a job: one signature for each stage, on the queue of its family."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import time
from typing import Any

from celery import Celery, chain, uuid
from celery.exceptions import CeleryError
from celery.signals import before_task_publish
from kombu.entity import PERSISTENT_DELIVERY_MODE
from kombu.exceptions import KombuError

from broker.queues import FamilyQueues
from broker.transport import is_redis
from jobs.job import JobSpec, Priority
from jobs.redis.connection import storage_error
from models.family import ModelFamily
from traces.spans import TRACEPARENT

STAGE_TASK = "faceline.stage"
CHECK_TASK = "faceline.check"
SENT_AT = "sent_at"
"""The header of a message that holds the time of its sending, in seconds since the epoch."""

BOUNDED = {"max_retries": 1, "interval_start": 0}
"""Of the first message of a chain and of a check: one more try, over a new connection; then `StorageError`.

The patience of the app is used up by then (`broker/app.py`). Workers send the other messages without a limit.
"""


@before_task_publish.connect
def _note_time(headers: dict[str, Any], **_: Any) -> None:
    headers[SENT_AT] = time()


def stage_queue(spec: JobSpec, stage: int, queues: FamilyQueues) -> str:
    """The queue of a stage of a job."""
    return queues.queue(spec.stages[stage].family, spec.priority)


def send_job(app: Celery, spec: JobSpec, queues: FamilyQueues, from_stage: int = 0) -> None:
    """Send the chain of a job.

    Its messages hold the id of the job, the index of their stage, when they were sent, and the span that made the job.

    Raises:
        StorageError: the broker did not take it.
    """
    links = (_link(spec, stage.index, queues) for stage in spec.stages[from_stage:])
    signatures = (app.signature(STAGE_TASK, **link, immutable=True) for link in links)
    with _reported():
        chain(*signatures, app=app).apply_async(retry=True, retry_policy=BOUNDED)


class ChainSender:
    """Sends jobs as Celery chains: an implementation of `jobs.service.Sender`. For one thread.

    The one message of a job with one stage is made by Celery and published over a connection that this object keeps.
    `Celery.send_task` looks up the task, a connection and the queue for each message. It takes 256 us of the
    processor's time, this way takes 103.

    Args:
        app: makes the messages.
        queues: names the queues.
    """

    def __init__(self, app: Celery, queues: FamilyQueues) -> None:
        self._app = app
        self._queues = queues
        self._producer = app.amqp.Producer(app.connection_for_write())
        self._retry_policy = {**app.conf.task_publish_retry_policy, **BOUNDED}
        # A Redis-compatible server needs no queue for a message: the list comes into being with it.
        self._declares = not is_redis(app.conf.broker_url)

    def send(self, spec: JobSpec) -> None:
        """See `Sender.send`."""
        if len(spec.stages) > 1:
            send_job(self._app, spec, self._queues)
            return
        with _reported():
            self._publish(**_link(spec, 0, self._queues))

    def _publish(
        self, args: tuple[str, int], queue: str, argsrepr: str, kwargsrepr: str, headers: dict[str, str] | None = None
    ) -> None:
        message = self._app.amqp.create_task_message(
            uuid(), STAGE_TASK, args, argsrepr=argsrepr, kwargsrepr=kwargsrepr, ignore_result=True
        )
        self._producer.publish(
            message.body,
            routing_key=queue,
            headers={**message.headers, **(headers or {}), SENT_AT: time()},
            serializer=self._app.conf.task_serializer,
            delivery_mode=PERSISTENT_DELIVERY_MODE,
            declare=[self._app.amqp.queues[queue]] if self._declares else (),
            retry=True,
            retry_policy=self._retry_policy,
            **message.properties,
        )

    def send_check(self, check_id: str, family: ModelFamily) -> None:
        """See `send_check`."""
        send_check(self._app, check_id, family, self._queues)


def _link(spec: JobSpec, stage: int, queues: FamilyQueues) -> dict[str, Any]:
    headers = {"headers": {TRACEPARENT: spec.traceparent}} if spec.traceparent else {}
    return {
        "args": (spec.id, stage),
        "queue": stage_queue(spec, stage, queues),
        # What `celery inspect` shows; Celery takes longer to make it.
        "argsrepr": f"({spec.id}, {stage})",
        "kwargsrepr": "{}",
        **headers,
    }


def send_check(app: Celery, check_id: str, family: ModelFamily, queues: FamilyQueues) -> None:
    """Ask a worker of a family to run each of its models once.

    Raises:
        StorageError: the broker did not take it.
    """
    queue = queues.queue(family, Priority.HIGH)
    with _reported():
        app.signature(CHECK_TASK, args=(check_id,), queue=queue, immutable=True).apply_async(
            retry=True, retry_policy=BOUNDED, expires=60
        )


@contextmanager
def _reported() -> Iterator[None]:
    """Turns the errors of a broker that did not take a message into `StorageError`."""
    try:
        yield
    except (CeleryError, KombuError, OSError) as error:
        raise storage_error(error, "the broker") from error
