"""Readiness: whether each family has a worker whose models run."""

import asyncio
from collections.abc import Sequence
from time import monotonic
from typing import Protocol
from uuid import uuid4

from pydantic import BaseModel

from api.errors import public_detail
from config.errors import FacelineError
from jobs.backlog import QueueNames
from jobs.job import Priority
from jobs.redis.presence import Presence
from jobs.submission_thread import SubmissionThread
from jobs.waiting import WaitHub
from models.family import ModelFamily

TIMEOUT_S = 10.0
KEPT_S = 5.0
"""How long a good outcome answers all requests: probes must not keep the models busy."""
USABLE_S = 30.0
"""How long a good outcome answers requests if workers are live, while a new check runs: probes need not wait for it."""


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
    """Asks a worker of each family to run its models once. For one event loop.

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
        self._checking: asyncio.Task[None] | None = None
        self._checked_at = float("-inf")
        self._states: dict[str, FamilyState] = {}

    @property
    def last_states(self) -> dict[str, FamilyState]:
        """The state of each family when it was last asked."""
        return self._states

    async def states(self) -> dict[str, FamilyState]:
        """The state of each family, from a check that is at most `USABLE_S` old, with workers that are live now."""
        age_s = monotonic() - self._checked_at
        if not self._good or age_s > USABLE_S:
            await asyncio.shield(self._check())
        elif age_s > KEPT_S:
            checking = self._check()
            if not await self._workers_live():
                await asyncio.shield(checking)
        return self._states

    async def close(self) -> None:
        """End the check that runs."""
        if self._checking is not None:
            self._checking.cancel()
            await asyncio.wait([self._checking])

    @property
    def _good(self) -> bool:
        return bool(self._states) and all(state.error is None for state in self._states.values())

    async def _workers_live(self) -> bool:
        try:
            consumed = await asyncio.to_thread(self._presence.consumed)
        except FacelineError:
            return False
        return all(self._queues.queue(family, Priority.NORMAL) in consumed for family in self._families)

    def _check(self) -> asyncio.Task[None]:
        """The check that runs; starts one if none does."""
        if self._checking is None or self._checking.done():
            self._checking = asyncio.create_task(self._check_all())
        return self._checking

    async def _check_all(self) -> None:
        # Families that share a queue have the same workers, so one answer is for all of them.
        by_queue: dict[str, ModelFamily] = {}
        for family in self._families:
            by_queue.setdefault(self._queues.queue(family, Priority.NORMAL), family)
        outcomes = await asyncio.gather(*map(self._check_queue, by_queue, by_queue.values()))
        states = dict(zip(by_queue, outcomes, strict=True))
        self._states = {family: states[self._queues.queue(family, Priority.NORMAL)] for family in self._families}
        self._checked_at = monotonic()

    async def _check_queue(self, queue: str, family: ModelFamily) -> FamilyState:
        check_id = f"check-{uuid4()}"
        try:
            if queue not in await asyncio.to_thread(self._presence.consumed):
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
