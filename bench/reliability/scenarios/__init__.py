"""The scenarios of `make chaos`: each disturbs a stack under load in one way."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.reliability.scenarios import kills, poison, slow_workers, stores
from bench.reliability.scene import Scene


@dataclass(frozen=True, slots=True)
class Scenario:
    """One way to disturb a stack.

    Attributes:
        name: on the command line.
        title: in tables.
        disturb: disturbs the stack; its docstring says how.
        seconds: about how long it disturbs in a run of the default length.
        streams: whether jobs come in all the time.
        may_be_away: whether 503 and 504 are right while it runs. If not, one worker of two is there all the time, and
            such an answer counts as wrong; where each family has one worker, 503 is right while it starts again.
    """

    name: str
    title: str
    disturb: Callable[[Scene], None]
    seconds: float
    streams: bool = True
    may_be_away: bool = True


SCENARIOS: Sequence[Scenario] = (
    Scenario("kill-workers", "workers killed", kills.kill_workers, 30),
    Scenario("kill-api", "API killed", kills.kill_api, 8),
    Scenario("kill-store", "store killed during writes", kills.kill_store, 8),
    Scenario("kill-supervisor", "supervisor killed, stack started again", kills.kill_supervisor, 15),
    Scenario("roll", "workers and API told to end in turn", kills.roll, 10),
    Scenario("freeze", "a worker frozen for 20 s", slow_workers.freeze, 20),
    Scenario("skew", "the clock of a worker wrong by 20 s", slow_workers.skew_clock, 20, may_be_away=False),
    Scenario("full-store", "store full", stores.fill, 8),
    Scenario("read-only-store", "store read-only", stores.make_read_only, 8),
    Scenario("hang-store", "store hangs", stores.hang, 10),
    Scenario("poison", "a poisoned photo alone", poison.poison_alone, 4, streams=False),
    Scenario("poison-beside", "poisoned photos beside good ones", poison.poison_beside_good, 8),
    Scenario("poison-batch", "a poisoned photo in a batch", poison.poison_in_batch, 4),
)
"""In the order in which they run."""
