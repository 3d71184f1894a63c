"""The simulation: chunks on their way through a submitter, a server, its link, and the threads of workers.

Each of the four is a queue with servers of its own: the submitter, the server's main thread and the link serve one
chunk at a time, the workers one per thread. The submitter keeps a window of chunks open, as `faceline bulk` does, so
that the load is closed: nobody waits outside. Times come from measured `Costs`; those of the work are drawn from the
measured ones.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal, get_args

import simpy

from bench.scaling.costs import Costs

Part = Literal["workers", "Redis commands/s", "network bytes/s", "submitter"]
PARTS: tuple[Part, ...] = get_args(Part)
Steps = Generator[simpy.Event, Any, None]
Span = tuple[float, float]

MOST_POLLING = 0.95
"""Of the server's main thread; what is left is for chunks."""


@dataclass(frozen=True, slots=True)
class Size:
    """A deployment.

    Attributes:
        threads: of each worker, each with a core of its own.
        hops: the stages of a chunk; 1 where a worker takes all families.
        window: chunks that are queued or running, for each thread.
        link_bytes_per_s: of whatever hands out the photos.
    """

    workers: int
    threads: int = 1
    hops: int = 1
    window: int = 3
    link_bytes_per_s: float = 10e9 / 8

    @property
    def slots(self) -> int:
        """The chunks that are worked on at a time."""
        return self.workers * self.threads


@dataclass(slots=True)
class Way:
    """When a chunk was sent, and when it was over, if it is."""

    sent_at: float
    over_at: float | None = None


@dataclass(slots=True)
class Station:
    """A part of the deployment.

    Attributes:
        slots: how many chunks it serves at a time.
        waits: from when to when chunks waited for a slot.
        busy: from when to when slots were at work, and not waiting for another part.
    """

    env: simpy.Environment
    slots: int
    waits: list[Span] = field(default_factory=list)
    busy: list[Span] = field(default_factory=list)
    _resource: simpy.Resource = field(init=False)

    def __post_init__(self) -> None:
        self._resource = simpy.Resource(self.env, self.slots)

    def hold(self, steps: Steps) -> Steps:
        """Wait for a slot, and hold it while something happens."""
        came = self.env.now
        with self._resource.request() as slot:
            yield slot
            self.waits.append((came, self.env.now))
            yield from steps

    def work(self, seconds: float) -> Steps:
        """Work, in a slot that is held."""
        began = self.env.now
        yield self.env.timeout(seconds)
        self.busy.append((began, self.env.now))

    def take(self, seconds: float) -> Steps:
        """Wait for a slot, and work."""
        return self.hold(self.work(seconds))


def mean_number(spans: Sequence[Span], began: float, ended: float) -> float:
    """How many of some spans there are at a time, between two times."""
    return sum(max(0.0, min(end, ended) - max(begin, began)) for begin, end in spans) / (ended - began)


class Simulation:
    """A deployment that works off a number of chunks.

    Attributes:
        ways: of the chunks, in the order in which they were sent.
    """

    def __init__(self, costs: Costs, size: Size, seed: int = 0) -> None:
        self.env = simpy.Environment()
        self.ways: list[Way] = []
        self.parts: dict[Part, Station] = {
            "workers": Station(self.env, size.slots),
            "Redis commands/s": Station(self.env, 1),
            "network bytes/s": Station(self.env, 1),
            "submitter": Station(self.env, 1),
        }
        self._costs, self._size = costs, size
        self._random = Random(seed)
        self._window = simpy.Resource(self.env, size.slots * size.window)

    @property
    def polling(self) -> float:
        """The share of the server's main thread that workers take by asking for the next chunk."""
        return min(MOST_POLLING, self._size.workers * self._costs.idle_server_s_per_s)

    @property
    def ends(self) -> list[float]:
        """When each chunk was over, once all are."""
        return [way.over_at for way in self.ways if way.over_at is not None]

    def run(self, chunks: int) -> None:
        """Send chunks, and see all of them to their end."""
        self.env.process(self._submit(chunks))
        self.env.run()

    def _submit(self, chunks: int) -> Steps:
        for _ in range(chunks):
            room = self._window.request()
            yield room
            yield from self.parts["submitter"].take(self._costs.submit_s)
            self.env.process(self._way(room))

    def _way(self, room: simpy.resources.resource.Request) -> Steps:
        way = Way(self.env.now)
        self.ways.append(way)
        for _ in range(self._size.hops):
            yield from self.parts["workers"].hold(self._stage())
        way.over_at = self.env.now
        yield from self.parts["submitter"].take(self._costs.collect_s)
        self._window.release(room)

    def _stage(self) -> Steps:
        costs, hops = self._costs, self._size.hops
        yield from self.parts["Redis commands/s"].take(costs.server_s / (1 - self.polling))
        yield from self.parts["network bytes/s"].take(costs.link_bytes / self._size.link_bytes_per_s)
        yield from self.parts["workers"].work(self._random.choice(costs.work_s) / hops)
