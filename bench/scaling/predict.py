"""What the simulation says of deployments of many sizes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from bench.scaling.costs import Costs
from bench.scaling.simulation import Part, Simulation, Size, mean_number

WORKERS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
ROUNDS = 12
"""How many windows of chunks a prediction works off."""
LEAST = 240


@dataclass(frozen=True, slots=True)
class Prices:
    """What a deployment costs, in whatever currency.

    Attributes:
        core_hour: of a core, with its memory.
        fixed_cores: beside those of the workers: server, API, submitter.
    """

    core_hour: float = 0.04
    fixed_cores: int = 4


@dataclass(frozen=True, slots=True)
class Prediction:
    """What is to be expected of a deployment that is kept busy.

    Attributes:
        queue: chunks that wait for a worker.
        latency_s: of a chunk from being sent to being over: median and 95th percentile.
        use: the share of each part that is busy.
        commands_per_s: that the server runs.
        bytes_per_s: that workers fetch.
        limit: the part that is busiest.
        cost_per_million: images.
    """

    workers: int
    images_per_s: float
    queue: float
    latency_s: tuple[float, float]
    use: Mapping[Part, float]
    commands_per_s: float
    bytes_per_s: float
    limit: Part
    cost_per_million: float


def predict(costs: Costs, size: Size, prices: Prices, seed: int = 0) -> Prediction:
    """Simulate a deployment, and look at it from half of the chunks on until the last one is sent."""
    chunks = max(LEAST, ROUNDS * size.slots * size.window)
    simulation = Simulation(costs, size, seed)
    simulation.run(chunks)
    parts, polling = simulation.parts, simulation.polling
    began, ended = sorted(simulation.ends)[chunks // 2], simulation.ways[-1].sent_at
    steady = [
        over - way.sent_at for way, over in zip(simulation.ways, simulation.ends, strict=True) if began < over <= ended
    ]
    rate = costs.images * len(steady) / (ended - began)
    use = {name: mean_number(part.busy, began, ended) / part.slots for name, part in parts.items()}
    use["Redis commands/s"] = polling + (1 - polling) * use["Redis commands/s"]
    p50, p95 = np.quantile(steady, (0.5, 0.95))
    return Prediction(
        workers=size.workers,
        images_per_s=rate,
        queue=mean_number(parts["workers"].waits, began, ended),
        latency_s=(float(p50), float(p95)),
        use=use,
        commands_per_s=rate / costs.images * size.hops * costs.server_commands
        + size.workers * costs.idle_commands_per_s,
        bytes_per_s=rate / costs.images * size.hops * costs.link_bytes,
        limit=max(use, key=lambda part: use[part]),
        cost_per_million=(size.slots + prices.fixed_cores) * prices.core_hour / 3600 * 1e6 / rate,
    )


def sweep(costs: Costs, size: Size, prices: Prices, seed: int = 0) -> list[Prediction]:
    """Predictions for one worker and more."""
    return [predict(costs, replace(size, workers=workers), prices, seed) for workers in WORKERS]


def first_bottleneck(predictions: Sequence[Prediction]) -> str:
    """What more workers run into first, in a sentence."""
    for fewer, one in pairwise(predictions):
        if one.limit != "workers":
            return f"The first bottleneck: {one.limit}, between {fewer.workers} and {one.workers} workers."
    last = predictions[-1]
    others = {part: use for part, use in last.use.items() if part != "workers"}
    nearest = max(others, key=lambda part: others[part])
    reached = last.workers / others[nearest]
    return f"No bottleneck up to {last.workers} workers; the next is {nearest}, at about {reached:.0f}."
