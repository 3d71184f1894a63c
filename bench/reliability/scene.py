"""`Scene`: what a scenario acts on."""

from dataclasses import dataclass, field
from math import inf
from random import Random
from time import monotonic, sleep

import httpx

from bench.reliability.ledger import Disturbance, Ledger
from bench.reliability.load import Load
from bench.reliability.stack import StackUnusable, TestedStack
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
    """

    stack: TestedStack
    client: httpx.Client
    load: Load
    ledger: Ledger
    random: Random
    names: list[str]
    seconds: float
    disturbances: list[Disturbance] = field(default_factory=list)

    def disturbed(self, held: frozenset[str] = frozenset(), since: float | None = None, within_s: float = inf) -> None:
        """Note that a disturbance is over now; see `Disturbance`. Without `since`, recovery is counted from now on."""
        now = monotonic()
        self.disturbances.append(Disturbance(now if since is None else since, held, now, within_s))

    def times(self, each_s: float) -> int:
        """How often a disturbance of some seconds is repeated: at least once."""
        return max(1, round(self.seconds / each_s))

    def pause(self, seconds: float) -> None:
        """Let the load run."""
        sleep(seconds)

    def short_pause(self) -> None:
        """Let the load run for up to a second."""
        sleep(self.random.uniform(0.1, 1))

    def running_jobs(self) -> frozenset[str]:
        """The jobs that run now, as far as the API says."""
        try:
            answer = self.client.get("/jobs", params={"status": "running", "limit": 100})
        except httpx.TransportError:
            return frozenset()
        return frozenset(job["id"] for job in answer.json()["jobs"]) if answer.is_success else frozenset()

    def victim(self, *, needed: bool) -> int:
        """A live worker; another one lives beside it. `needed`: most jobs need it.

        Raises:
            StackUnusable: there are not two in time.
        """
        deadline = monotonic() + PATIENCE_S
        while monotonic() < deadline:
            live = self.stack.live_workers()
            chosen = [pid for pid in live if not needed or self.stack.serves(pid, ModelFamily.FACE_DETECTION)]
            if len(live) > 1 and chosen:
                return self.random.choice(chosen)
            sleep(0.2)
        raise StackUnusable(f"there were no two live workers within {PATIENCE_S:g} s")

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
