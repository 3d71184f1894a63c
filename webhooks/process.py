"""The process that sends the messages of webhooks. `python -P -m embedded.process webhooks` starts it.

Several may run; each message is sent by one of them. What a killed process had in hand is sent again by another.
"""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from logging import getLogger
from time import monotonic

from access.webhook_secrets import WebhookSecrets, deployment_secrets
from config.alive import renew
from config.logs import configure_logs
from config.settings import Settings
from jobs.batches.service import BatchService
from jobs.errors import RecordUnreadable, StorageError
from jobs.redis.batches import RedisBatchStore
from jobs.redis.connection import connect
from jobs.redis.encryption import Encryption
from jobs.redis.jobs import RedisJobStore
from jobs.redis.webhooks import DueWebhooks, Subject
from jobs.webhooks.targets import Targets
from metrics.server import serve_metrics
from metrics.webhooks import METRICS
from traces.switch import start_traces
from webhooks.delivery import Deliverer
from webhooks.sender import Sender

log = getLogger(__name__)

LOOK_EVERY_S = 0.5
STORE_PATIENCE_S = 10.0
UNREADABLE_AGAIN_S = 60.0
UPKEEP_EVERY_S = 5.0


def run(settings: Settings) -> None:
    """Send messages until SIGTERM, and finish the messages that are being sent then.

    Raises:
        InvalidSetting: a key for encryption or a secret is not one.
    """
    configure_logs(settings.log_level, settings.log_format, "webhooks")
    start_traces(settings.traces, "webhooks")
    asyncio.run(_run(settings))


async def _run(settings: Settings) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    deliverer = _deliverer(settings)
    serve_metrics(METRICS, settings.metrics.host, settings.metrics.webhooks_port)

    def upkeep() -> None:
        renew(settings.alive_file, "sending")
        deliverer.secrets.delete_ended()

    try:
        await Deliveries(deliverer, settings.webhooks.at_once, lease_s(settings), upkeep).run(ended)
    finally:
        await deliverer.sender.close()


def lease_s(settings: Settings) -> float:
    """After so long a message whose process has died is sent again; no attempt takes so long."""
    return settings.webhooks.timeout_s + 2 * STORE_PATIENCE_S


class Deliveries:
    """Takes the webhooks that are due, and delivers several messages at a time.

    Args:
        deliverer: delivers one.
        at_once: how many at a time.
        lease_s: see `DueWebhooks.claim`.
        upkeep: is called every few seconds; blocks.
    """

    def __init__(self, deliverer: Deliverer, at_once: int, lease_s: float, upkeep: Callable[[], None]) -> None:
        self._deliverer = deliverer
        self._at_once = at_once
        self._lease_s = lease_s
        self._upkeep = upkeep
        self._upkept_at = float("-inf")
        self._running: set[asyncio.Task[None]] = set()

    async def run(self, ended: asyncio.Event) -> None:
        """Deliver messages until `ended` is set, and finish those that are being sent."""
        while not ended.is_set():
            await self._keep_up()
            free = self._at_once - len(self._running)
            for subject in await self._claim(free) if free else ():
                task = asyncio.create_task(self._deliver(subject))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), LOOK_EVERY_S)
        await asyncio.gather(*self._running)

    async def _keep_up(self) -> None:
        if monotonic() - self._upkept_at < UPKEEP_EVERY_S:
            return
        self._upkept_at = monotonic()
        try:
            await asyncio.to_thread(self._upkeep)
        except StorageError as error:
            log.warning("the store does not answer", extra={"error": str(error)})

    async def _claim(self, limit: int) -> list[Subject]:
        try:
            return await asyncio.to_thread(self._deliverer.due.claim, limit, self._lease_s)
        except StorageError as error:
            log.warning("the store does not answer", extra={"error": str(error)})
            return []

    async def _deliver(self, subject: Subject) -> None:
        try:
            await self._deliverer.deliver(subject)
        except StorageError as error:
            log.warning("webhook comes again: the store does not answer", extra={"error": str(error)})
        except RecordUnreadable:
            log.warning("webhook comes again: a record cannot be read", extra={"subject": str(subject)})
            with suppress(StorageError):
                await asyncio.to_thread(self._deliverer.due.postpone, subject, UNREADABLE_AGAIN_S)
        except Exception as error:  # noqa: BLE001 - one message must not end all; the text may have parts of its URL
            log.error("webhook comes again", extra={"subject": str(subject), "error": type(error).__name__})


def _deliverer(settings: Settings) -> Deliverer:
    client = connect(settings.redis_url, patience_s=STORE_PATIENCE_S, waits_for_room=True)
    encryption = Encryption.of(settings.secrets)
    jobs = RedisJobStore(client, settings.jobs, encryption)
    batches = RedisBatchStore(client, settings.jobs, encryption)
    return Deliverer(
        due=DueWebhooks(client, encryption),
        jobs=jobs,
        batches=BatchService(batches, jobs, settings.batches, jobs.memory_share),
        secrets=WebhookSecrets(client, encryption, deployment_secrets(settings.webhooks.secret)),
        sender=Sender(Targets.of(settings.webhooks.allow), settings.webhooks.timeout_s),
        settings=settings.webhooks,
    )
