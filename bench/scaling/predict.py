"""Predicts throughput, latency, bottleneck and price of deployments of many sizes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from bench.scaling.costs import Costs
from bench.scaling.simulation import DeploymentSize, Simulation, StationName, mean_number

WORKERS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
ROUNDS = 12
"""A prediction simulates at least this many windows of chunks."""
MIN_CHUNKS = 240


@dataclass(frozen=True, slots=True)
class Prices:
    """The price of a deployment, in any currency.

    Attributes:
        core_hour: the price of a core with its memory for an hour.
        fixed_cores: the cores of server, API and submitter, besides those of the workers.
    """

    core_hour: float = 0.04
    fixed_cores: int = 4


@dataclass(frozen=True, slots=True)
class Prediction:
    """The prediction for a deployment that always has chunks to process.

    Attributes:
        queue: the mean number of chunks that wait for a worker.
        latency_s: from sending a chunk to its end: median and 95th percentile.
        use: the share of the time in which each station is busy.
        commands_per_s: the commands that the server runs.
        bytes_per_s: the bytes that workers fetch.
        limit: the busiest station.
        cost_per_million: the price of a million images.
    """

    workers: int
    images_per_s: float
    queue: float
    latency_s: tuple[float, float]
    use: Mapping[StationName, float]
    commands_per_s: float
    bytes_per_s: float
    limit: StationName
    cost_per_million: float


def predict(costs: Costs, size: DeploymentSize, prices: Prices, seed: int = 0) -> Prediction:
    """Simulates a deployment, and measures it in its steady state: from half of the chunks until the last is sent."""
    chunks = max(MIN_CHUNKS, ROUNDS * size.slots * size.window)
    simulation = Simulation(costs, size, seed)
    simulation.run(chunks)
    stations, polling = simulation.stations, simulation.polling
    start, stop = sorted(simulation.ends)[chunks // 2], simulation.chunks[-1].sent_at
    latencies = [
        end - chunk.sent_at
        for chunk, end in zip(simulation.chunks, simulation.ends, strict=True)
        if start < end <= stop
    ]
    rate = costs.images * len(latencies) / (stop - start)
    use = {name: mean_number(station.busy, start, stop) / station.slots for name, station in stations.items()}
    use["Redis commands/s"] = polling + (1 - polling) * use["Redis commands/s"]
    p50, p95 = np.quantile(latencies, (0.5, 0.95))
    return Prediction(
        workers=size.workers,
        images_per_s=rate,
        queue=mean_number(stations["workers"].waits, start, stop),
        latency_s=(float(p50), float(p95)),
        use=use,
        commands_per_s=rate / costs.images * size.hops * costs.server_commands
        + size.workers * costs.idle_commands_per_s,
        bytes_per_s=rate / costs.images * size.hops * costs.link_bytes,
        limit=max(use, key=lambda name: use[name]),
        cost_per_million=(size.slots + prices.fixed_cores) * prices.core_hour / 3600 * 1e6 / rate,
    )


def sweep(costs: Costs, size: DeploymentSize, prices: Prices, seed: int = 0) -> list[Prediction]:
    """Predicts deployments of `WORKERS` workers, otherwise of the given size."""
    return [predict(costs, replace(size, workers=workers), prices, seed) for workers in WORKERS]


def first_bottleneck(predictions: Sequence[Prediction]) -> str:
    """The first bottleneck as the number of workers grows, in a sentence."""
    for fewer, one in pairwise(predictions):
        if one.limit != "workers":
            return f"The first bottleneck: {one.limit}, between {fewer.workers} and {one.workers} workers."
    last = predictions[-1]
    others = {name: use for name, use in last.use.items() if name != "workers"}
    nearest = max(others, key=lambda name: others[name])
    reached = last.workers / others[nearest]
    return f"No bottleneck up to {last.workers} workers; the next is {nearest}, at about {reached:.0f}."
