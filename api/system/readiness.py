"""Readiness: whether each family has a worker whose models run."""

import asyncio
from collections.abc import Sequence
from time import monotonic, time
from typing import Protocol
from uuid import uuid4

from pydantic import BaseModel

from api.errors import public_detail
from config.errors import FacelineError
from jobs.admission import QueueNames
from jobs.async_service import SubmissionThread
from jobs.job import Priority
from jobs.redis.presence import Presence
from jobs.waiting import WaitHub
from models.family import ModelFamily

TIMEOUT_S = 10.0
KEPT_S = 5.0
"""How long a good outcome answers all requests: probes must not keep the models busy."""


class FamilyState(BaseModel):
    """The state of a family: the worker that answered, and the time of each model in milliseconds, or an error."""

    worker: str | None = None
    ms: dict[str, float] = {}
    error: str | None = None


class CheckSender(Protocol):
    """Sends self-checks to workers; `broker/chain.py` implements it."""

    def send_check(self, check_id: str, family: ModelFamily) -> None:
        """Ask a worker of a family to run each of its models once.

        Raises:
            StorageError: the broker did not take the check.
        """


class Readiness:
    """Asks a worker of each family to run its models once.

    Args:
        families: that have services.
        queues: names the queues of the families.
        presence: has the live workers and their answers.
        hub: signals the answers.
        thread: in which checks are sent.
        sender: sends the checks.
    """

    def __init__(
        self,
        families: Sequence[ModelFamily],
        queues: QueueNames,
        presence: Presence,
        hub: WaitHub,
        thread: SubmissionThread,
        sender: CheckSender,
    ) -> None:
        self._families = families
        self._queues = queues
        self._presence = presence
        self._hub = hub
        self._thread = thread
        self._sender = sender
        self._lock = asyncio.Lock()
        self._checked_at = float("-inf")
        self._states: dict[str, FamilyState] = {}

    async def states(self) -> dict[str, FamilyState]:
        """The state of each family."""
        async with self._lock:
            ready = self._states and all(state.error is None for state in self._states.values())
            if not ready or monotonic() - self._checked_at > KEPT_S:
                states = await asyncio.gather(*map(self._check, self._families))
                self._states = dict(zip(self._families, states, strict=True))
                self._checked_at = monotonic()
            return self._states

    async def _check(self, family: ModelFamily) -> FamilyState:
        check_id = f"check-{uuid4()}"
        try:
            consumed = await asyncio.to_thread(self._presence.consumed, time())
            if self._queues.queue(family, Priority.NORMAL) not in consumed:
                return FamilyState(error="no worker takes its tasks")
            with self._hub.watch(check_id) as watch:
                await self._thread.run(self._sender.send_check, check_id, family)
                await watch.wait(monotonic() + TIMEOUT_S)
            report = await asyncio.to_thread(self._presence.check_report, check_id)
        except FacelineError as error:
            return FamilyState(error=str(public_detail(error)))
        if report is None:
            return FamilyState(error=f"no worker answered within {TIMEOUT_S:g} s")
        return FamilyState(**report.model_dump())
