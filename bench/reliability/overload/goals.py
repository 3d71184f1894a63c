"""The figures of one step of `make overload`, and the goals that they are compared with."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np

from bench.reliability.overload.open_loop import OpenResult

GOODPUT_SHARE = 0.9
P99_TIMES = 3.0
RECOVERED_S = 10.0
MEMORY_TIMES = 1.25
SYNC = "synchronous"


@dataclass(frozen=True, slots=True)
class Step:
    """One load on a stack, and what became of it.

    Attributes:
        scenario: which kinds of requests were sent.
        times: the rate of arrivals, as a multiple of the capacity.
        arrivals: requests per second.
        goodput: requests and jobs that were done per second, while the load lasted and the queues had filled.
        statuses: how many requests have each HTTP status; 0 without an answer.
        p50_ms: of answered synchronous requests; None if there are none.
        p99_ms: of answered synchronous requests; None if there are none.
        without_retry_after: how many refusals do not say when to come back.
        unfinished: how many accepted jobs did not succeed.
        recovered_s: after the load: until a single caller was answered as fast as before it.
        memory_mb: the most memory of API and workers.
        shares: the share of the machine that each role took while the load lasted, and that was idle, in [0, 1].
    """

    scenario: str
    times: float
    arrivals: float
    goodput: float
    statuses: Mapping[int, int]
    p50_ms: float | None
    p99_ms: float | None
    without_retry_after: int
    unfinished: int
    recovered_s: float
    memory_mb: float
    shares: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether a goal is met."""

    scenario: str
    goal: str
    measured: str
    met: bool


def together(parts: Sequence[Step]) -> Step:
    """The parts of one load, which were sent at different times, as one step.

    Rates, latencies and shares are medians, so that a minute in which the machine was slow does not count. Counts are
    sums; the time of the recovery and the memory are those of the worst part.
    """
    first = parts[0]
    counts: Counter[int] = Counter()
    for part in parts:
        counts.update(part.statuses)
    return replace(
        first,
        arrivals=median(part.arrivals for part in parts),
        goodput=median(part.goodput for part in parts),
        statuses=dict(sorted(counts.items())),
        p50_ms=_median_ms(part.p50_ms for part in parts),
        p99_ms=_median_ms(part.p99_ms for part in parts),
        without_retry_after=sum(part.without_retry_after for part in parts),
        unfinished=sum(part.unfinished for part in parts),
        recovered_s=max(part.recovered_s for part in parts),
        memory_mb=max(part.memory_mb for part in parts),
        shares={role: median(part.shares[role] for part in parts) for role in first.shares},
    )


def statuses_of(result: OpenResult) -> Mapping[int, int]:
    """How many answers have each HTTP status."""
    return dict(sorted(Counter(answer.status for answer in result.answers).items()))


def answered_per_s(result: OpenResult, since_s: float = 0.0) -> float:
    """The synchronous requests that were answered with 200 per second, from `since_s` to the end of the load."""
    ends = [answer.ended for answer in result.answers if answer.status == 200 and answer.ended is not None]
    return sum(since_s <= end <= result.seconds for end in ends) / (result.seconds - since_s)


def percentiles_ms(result: OpenResult) -> tuple[float | None, float | None]:
    """Median and 99th percentile of the latencies of synchronous requests that were answered with 200."""
    good = [answer.latency_s for answer in result.answers if answer.status == 200]
    if not good:
        return None, None
    p50, p99 = np.quantile(np.asarray(good) * 1000, (0.5, 0.99))
    return float(p50), float(p99)


def outcomes(loads: Sequence[Sequence[Step]], idle_memory_mb: float) -> list[Outcome]:
    """Compares the loads of one scenario with the goals.

    Args:
        loads: of one scenario, each in its parts; the first is that at the capacity, the last that with the highest
            rate.
        idle_memory_mb: the memory of API and workers after the capacity was measured.
    """
    steps = [together(parts) for parts in loads]
    at_capacity, highest = steps[0], steps[-1]
    name = highest.scenario
    share = share_of_peak(loads)
    errors = {status: sum(step.statuses.get(status, 0) for step in steps) for status in (0, 500, 503, 504)}
    recovered_s = max(step.recovered_s for step in steps)
    memory = max(step.memory_mb for step in steps) / idle_memory_mb
    unfinished = sum(step.unfinished for step in steps)
    silent = sum(step.without_retry_after for step in steps)
    found = [
        Outcome(
            name,
            f"goodput at {highest.times:g} × ≥ {GOODPUT_SHARE} of the peak",
            f"{share:.2f}",
            share >= GOODPUT_SHARE,
        ),
        Outcome(name, "no 504 and no other 5xx after admission", _counts(errors), not any(errors.values())),
        Outcome(name, "each 429 has Retry-After", f"{silent} without", not silent),
        Outcome(name, "accepted jobs are done", f"{unfinished} not", not unfinished),
        Outcome(name, f"recovered within {RECOVERED_S:g} s", f"{recovered_s:.1f} s", recovered_s <= RECOVERED_S),
        Outcome(name, f"memory ≤ {MEMORY_TIMES} × that before", f"{memory:.2f} ×", memory <= MEMORY_TIMES),
    ]
    if at_capacity.p99_ms is not None and highest.p99_ms is not None:
        ratio = highest.p99_ms / at_capacity.p99_ms
        goal = f"p99 of synchronous requests at {highest.times:g} × ≤ {P99_TIMES:g} × that at capacity"
        found.insert(1, Outcome(name, goal, f"{ratio:.2f} ×", ratio <= P99_TIMES))
    return found


def share_of_peak(loads: Sequence[Sequence[Step]]) -> float:
    """The goodput of the last load as a share of the highest one: of each part beside that sent in turn, the median.

    The speed of a machine changes within minutes, and both parts of a pair see it alike.
    """
    peak = max(loads, key=lambda parts: median(part.goodput for part in parts))
    return median(
        part.goodput / highest.goodput if highest.goodput else 0.0
        for part, highest in zip(loads[-1], peak, strict=True)
    )


def _median_ms(known: Iterable[float | None]) -> float | None:
    found = [each for each in known if each is not None]
    return median(found) if found else None


def _counts(errors: Mapping[int, int]) -> str:
    found = [f"{count} × {status or 'no answer'}" for status, count in errors.items() if count]
    return ", ".join(found) or "none"
