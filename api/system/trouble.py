"""Where a deployment has trouble: its queues with the age of their oldest message, and its dead letters."""

import asyncio
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel
from pydantic import Field as Key

from api.access import Administrator, KeyHolder
from api.jobs.schemas import moment
from api.openapi.responses import INVALID, OTHER
from api.parts import PartsDep
from jobs.redis.dead_letters import KEPT, DeadLetter

router = APIRouter(tags=["deployment"])


class QueueView(BaseModel):
    """A queue of the workers."""

    name: str = Key(description="the family, or `faceline` where all families share their queues, and the priority")
    messages: int = Key(description="how many wait, without the messages that a worker has taken")
    oldest_s: float | None = Key(
        None, description="how long the oldest message waits, in seconds; null if none waits, and on RabbitMQ"
    )


class QueueList(BaseModel):
    """All queues of the deployment."""

    queues: list[QueueView] = Key(description="the more urgent first")


class DeadLetterView(BaseModel):
    """A job of which photos were given up."""

    job: str = Key(description="its id; the job may be gone")
    services: list[str] = Key(description="that ran when the worker died: one of them, or its photo, is the cause")
    items: list[int] = Key(description="which photos of the job were given up, from 0; none is all of them")
    attempts: int = Key(description="how often a worker died or did not end; 0 is unknown")
    reason: str = Key(description="for people")
    created_at: datetime = Key(description="when they were given up")


class DeadLetterList(BaseModel):
    """The latest dead letters."""

    dead_letters: list[DeadLetterView] = Key(description="the latest first")


@router.get("/queues", response_description="The queues.", responses=OTHER)
async def list_queues(parts: PartsDep, _: KeyHolder) -> QueueList:
    """How many messages wait in each queue, and since when."""
    states = await asyncio.to_thread(parts.deployment.queues)
    return QueueList(queues=[QueueView(name=one.name, messages=one.messages, oldest_s=one.oldest_s) for one in states])


@router.get("/dead-letters", response_description="The dead letters.", responses={**OTHER, **INVALID})
async def list_dead_letters(
    parts: PartsDep,
    _: Administrator,
    limit: Annotated[int, Query(ge=1, le=KEPT, description="the largest number of letters")] = 100,
) -> DeadLetterList:
    """Jobs of which photos were given up, since they killed their worker again and again. The last 1000 are kept."""
    letters = await asyncio.to_thread(parts.dead_letters.latest, limit)
    return DeadLetterList(dead_letters=[view_letter(letter) for letter in letters])


def view_letter(letter: DeadLetter) -> DeadLetterView:
    """A letter as an administrator sees it."""
    return DeadLetterView(
        job=letter.job,
        services=list(letter.services),
        items=list(letter.items),
        attempts=letter.attempts,
        reason=reason_of(letter),
        created_at=moment(letter.at),
    )


def reason_of(letter: DeadLetter) -> str:
    """Why photos were given up, for people."""
    times = f"{letter.attempts} times" if letter.attempts else "again and again"
    if letter.items:
        return f"the worker died {times} while it ran the services on this photo alone"
    return f"the stage began {times} and did not end: its worker died"
