"""Whether each family has a worker whose models run."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from time import monotonic
from uuid import uuid4

from pydantic import BaseModel

from api.errors import detail_of
from config.errors import FacelineError
from jobs.redis.presence import CheckReport, Presence
from jobs.wait import WaitHub
from models.family import ModelFamily

TIMEOUT_S = 10.0
KEPT_S = 5.0
"""One good outcome answers all who ask within this time: probes must not keep the models busy."""


class FamilyState(BaseModel):
    """The state of a family: the worker that answered, and the time of each model in milliseconds, or an error."""

    worker: str | None = None
    ms: dict[str, float] = {}
    error: str | None = None


class Readiness:
    """Asks a worker of each family to run its models once.

    Args:
        families: those that have services.
        presence: where workers hand in their answers.
        hub: wakes when they do.
        has_worker: whether somebody takes the tasks of a family.
        send: sends a check to a family.
    """

    def __init__(
        self,
        families: Sequence[ModelFamily],
        presence: Presence,
        hub: WaitHub,
        has_worker: Callable[[ModelFamily], Awaitable[bool]],
        send: Callable[[str, ModelFamily], Awaitable[None]],
    ) -> None:
        self._families = families
        self._presence = presence
        self._hub = hub
        self._has_worker = has_worker
        self._send = send
        self._lock = asyncio.Lock()
        self._looked_at = float("-inf")
        self._states: dict[str, FamilyState] = {}

    async def states(self) -> dict[str, FamilyState]:
        """The state of each family that has services."""
        async with self._lock:
            ready = self._states and all(state.error is None for state in self._states.values())
            if not ready or monotonic() - self._looked_at > KEPT_S:
                states = await asyncio.gather(*map(self._check, self._families))
                self._states = dict(zip(self._families, states, strict=True))
                self._looked_at = monotonic()
            return self._states

    async def _check(self, family: ModelFamily) -> FamilyState:
        check_id = f"check-{uuid4()}"
        try:
            if not await self._has_worker(family):
                return FamilyState(error="no worker takes its tasks")
            with self._hub.watch(check_id) as answer:
                await self._send(check_id, family)
                with suppress(TimeoutError):
                    await asyncio.wait_for(answer.woken.wait(), TIMEOUT_S)
            report: CheckReport | None = await asyncio.to_thread(self._presence.check, check_id)
        except FacelineError as error:
            return FamilyState(error=str(detail_of(error)))
        if report is None:
            return FamilyState(error=f"no worker answered within {TIMEOUT_S:g} s")
        return FamilyState(**report.model_dump())
