"""`Scene`: what a scenario acts on."""

from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from math import inf
from random import Random
from time import monotonic, sleep

import httpx

from bench.reliability.ledger import Disturbance, Ledger
from bench.reliability.load import Load
from bench.reliability.stack import StackUnusable, TestedStack, worker_pid
from jobs.errors import StorageError
from jobs.redis import keys
from jobs.redis.connection import storage
from models.family import ModelFamily

PATIENCE_S = 60.0
"""How long a scenario waits for a part of the stack before it acts on it."""


@dataclass
class Scene:
    """A stack under load.

    Attributes:
        stack: to disturb.
        client: of its API.
        load: the stream of work; a scenario may send more.
        ledger: of the scenario.
        random: draws victims and moments.
        names: of the photos.
        seconds: about how long to disturb.
        disturbances: what was done so far.
        hit: the jobs that busy victims held so far.
    """

    stack: TestedStack
    client: httpx.Client
    load: Load
    ledger: Ledger
    random: Random
    names: list[str]
    seconds: float
    disturbances: list[Disturbance] = field(default_factory=list)
    hit: set[str] = field(default_factory=set)

    def disturbed(self, held: frozenset[str] = frozenset(), since: float | None = None, within_s: float = inf) -> None:
        """Note that a disturbance is over now; see `Disturbance`. Without `since`, recovery is counted from now on."""
        now = monotonic()
        self.disturbances.append(Disturbance(now if since is None else since, held, now, within_s))

    def times(self, each_s: float, least: int = 1) -> int:
        """How often a disturbance of some seconds is repeated, however short the run is: at least `least` times."""
        return max(least, round(self.seconds / each_s))

    def pause(self, seconds: float) -> None:
        """Let the load run."""
        sleep(seconds)

    def short_pause(self) -> None:
        """Let the load run for up to a second."""
        sleep(self.random.uniform(0.1, 1))

    def running_jobs(self) -> frozenset[str]:
        """The jobs that run now, as far as the API says; only those whose end the ledger will have."""
        try:
            answer = self.client.get("/jobs", params={"status": "running", "limit": 100})
        except httpx.TransportError:
            return frozenset()
        listed: set[str] = {job["id"] for job in answer.json()["jobs"]} if answer.is_success else set()
        # Jobs of synchronous calls are listed too; their callers do not know their ids.
        awaited = {entry.job_id for entry in self.ledger.entries if not entry.answers}
        return frozenset(listed & awaited)

    def held_jobs(self) -> Mapping[int, frozenset[str]]:
        """The jobs that run now, by the process id of the worker that holds them. Those between stages are left out."""
        store, held = self.stack.store(), defaultdict[int, frozenset[str]](frozenset)
        with storage():
            for job_id in self.running_jobs():
                # Both in one reading: a job that has ended keeps its last holder.
                status, holder = store.hmget(keys.record(job_id), ("status", "holder"))
                if status == b"running" and holder:
                    held[worker_pid(holder.decode())] |= {job_id}
        return held

    def busy_victim(self, *, needed: bool) -> tuple[int, frozenset[str]]:
        """A live worker that holds a job, and the jobs that run; see `victim`.

        No job is hit twice, since a job whose workers die again and again fails as poisoned. If no worker holds another
        job within `PATIENCE_S`, the victim is any live worker.

        Raises:
            StackUnusable: there are not two live workers in time.
        """
        deadline = monotonic() + PATIENCE_S
        while monotonic() < deadline:
            live = self._candidates(needed=needed)
            with suppress(StorageError):
                held = self.held_jobs() if live else {}
                if busy := [pid for pid in live if pid in held and not held[pid] & self.hit]:
                    victim = self.random.choice(busy)
                    self.hit |= held[victim]
                    return victim, frozenset[str]().union(*held.values())
            sleep(0.05)
        return self.victim(needed=needed), self.running_jobs()

    def victim(self, *, needed: bool) -> int:
        """A live worker; another one lives beside it. `needed`: most jobs need it.

        Raises:
            StackUnusable: there are not two in time.
        """
        deadline = monotonic() + PATIENCE_S
        while monotonic() < deadline:
            if chosen := self._candidates(needed=needed):
                return self.random.choice(chosen)
            sleep(0.2)
        raise StackUnusable(f"there were no two live workers within {PATIENCE_S:g} s")

    def _candidates(self, *, needed: bool) -> list[int]:
        """The live workers that may be disturbed now: none if only one worker lives."""
        live = self.stack.live_workers()
        chosen = [pid for pid in live if not needed or self.stack.serves(pid, ModelFamily.FACE_DETECTION)]
        return chosen if len(live) > 1 else []

    def store_process(self) -> int:
        """The process id of the store, once it runs.

        Raises:
            StackUnusable: it does not run in time.
        """
        deadline = monotonic() + PATIENCE_S
        while monotonic() < deadline:
            if pid := self.stack.store_process():
                return pid
            sleep(0.1)
        raise StackUnusable(f"the store did not run within {PATIENCE_S:g} s")
