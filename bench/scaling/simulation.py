"""Simulates a deployment as a closed queueing network of four stations: submitter, server, its link, and workers.

Submitter, server (its main thread) and link serve one chunk at a time; workers serve one per thread. The submitter
keeps a window of chunks open, as `faceline bulk` does. Service times are those of measured `Costs`; the worker's time
for a chunk is drawn at random from the measured ones.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal, get_args

import simpy

from bench.scaling.costs import Costs

StationName = Literal["workers", "Redis commands/s", "network bytes/s", "submitter"]
STATIONS: tuple[StationName, ...] = get_args(StationName)
Steps = Generator[simpy.Event, Any, None]
Span = tuple[float, float]

MAX_POLLING = 0.95
"""The largest share of the server's main thread that idle workers take; the rest serves chunks."""


@dataclass(frozen=True, slots=True)
class DeploymentSize:
    """The size of a deployment.

    Attributes:
        threads: the threads of each worker; each has a core of its own.
        hops: the stages of a chunk; 1 if each worker takes all families.
        window: the chunks that are queued or running, per thread.
        link_bytes_per_s: the bandwidth between the storage of the photos and the workers.
    """

    workers: int
    threads: int = 1
    hops: int = 1
    window: int = 3
    link_bytes_per_s: float = 10e9 / 8

    @property
    def slots(self) -> int:
        """The number of chunks that workers process at a time."""
        return self.workers * self.threads


@dataclass(slots=True)
class ChunkTimes:
    """When a chunk was sent and when it ended, in seconds; None while it has not ended."""

    sent_at: float
    ended_at: float | None = None


@dataclass(slots=True)
class Station:
    """A station of the queueing network.

    Attributes:
        slots: the number of chunks that it serves at a time.
        waits: the spans in which a chunk waited for a slot.
        busy: the spans in which a slot worked, and did not wait for another station.
    """

    env: simpy.Environment
    slots: int
    waits: list[Span] = field(default_factory=list)
    busy: list[Span] = field(default_factory=list)
    _resource: simpy.Resource = field(init=False)

    def __post_init__(self) -> None:
        self._resource = simpy.Resource(self.env, self.slots)

    def hold(self, steps: Steps) -> Steps:
        """Waits for a slot, and holds it during some steps."""
        arrived = self.env.now
        with self._resource.request() as slot:
            yield slot
            self.waits.append((arrived, self.env.now))
            yield from steps

    def work(self, seconds: float) -> Steps:
        """Works in a slot that is held."""
        began = self.env.now
        yield self.env.timeout(seconds)
        self.busy.append((began, self.env.now))

    def take(self, seconds: float) -> Steps:
        """Waits for a slot, and works in it."""
        return self.hold(self.work(seconds))


def mean_number(spans: Sequence[Span], began: float, ended: float) -> float:
    """The mean number of spans at a time, between two times."""
    return sum(max(0.0, min(end, ended) - max(begin, began)) for begin, end in spans) / (ended - began)


class Simulation:
    """A deployment that processes a number of chunks.

    Attributes:
        chunks: the times of each chunk, in the order in which they were sent.
        stations: the stations by name; for the spans in which they worked.
    """

    def __init__(self, costs: Costs, size: DeploymentSize, seed: int = 0) -> None:
        self.env = simpy.Environment()
        self.chunks: list[ChunkTimes] = []
        self.stations: dict[StationName, Station] = {
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
        """The share of the server's main thread that workers take by polling for chunks."""
        return min(MAX_POLLING, self._size.workers * self._costs.idle_server_s_per_s)

    @property
    def ends(self) -> list[float]:
        """The end of each chunk, in the order in which they were sent, after `run`."""
        return [chunk.ended_at for chunk in self.chunks if chunk.ended_at is not None]

    def run(self, chunks: int) -> None:
        """Sends chunks, and runs until all have ended."""
        self.env.process(self._submit(chunks))
        self.env.run()

    def _submit(self, chunks: int) -> Steps:
        for _ in range(chunks):
            room = self._window.request()
            yield room
            yield from self.stations["submitter"].take(self._costs.submit_s)
            self.env.process(self._process(room))

    def _process(self, room: simpy.resources.resource.Request) -> Steps:
        chunk = ChunkTimes(self.env.now)
        self.chunks.append(chunk)
        for _ in range(self._size.hops):
            yield from self.stations["workers"].hold(self._stage())
        chunk.ended_at = self.env.now
        yield from self.stations["submitter"].take(self._costs.collect_s)
        self._window.release(room)

    def _stage(self) -> Steps:
        costs, hops = self._costs, self._size.hops
        yield from self.stations["Redis commands/s"].take(costs.server_s / (1 - self.polling))
        yield from self.stations["network bytes/s"].take(costs.link_bytes / self._size.link_bytes_per_s)
        yield from self.stations["workers"].work(self._random.choice(costs.work_s) / hops)
