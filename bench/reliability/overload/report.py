"""The tables of `make overload`, as they are printed and written to the page on reliability."""

from collections.abc import Sequence
from datetime import UTC, datetime

from bench.reliability.overload.goals import Outcome, Step
from bench.speed.report import describe_machine

ROLES = ("client", "api", "worker", "server", "idle")
"""The processes whose CPU time is shown, and that of none; `server` is the store."""
COLUMNS = (
    "load",
    "× capacity",
    "arrivals/s",
    "done/s",
    "answers by status",
    "p50 ms",
    "p99 ms",
    "recovered after s",
    "memory MB",
    f"{', '.join(ROLES)}: % of the machine",
)


def cells(step: Step) -> list[str]:
    """A step as a row of `COLUMNS`."""
    counts = ", ".join(f"{count} × {status or 'none'}" for status, count in step.statuses.items())
    latencies = ["–" if value is None else f"{value:.0f}" for value in (step.p50_ms, step.p99_ms)]
    rates = [f"{step.times:g}", f"{step.arrivals:.0f}", f"{step.goodput:.1f}"]
    rest = [
        f"{step.recovered_s:.1f}",
        f"{step.memory_mb:.0f}",
        ", ".join(f"{100 * step.shares[role]:.0f}" for role in ROLES),
    ]
    return [step.scenario, *rates, counts, *latencies, *rest]


def row(texts: Sequence[str]) -> str:
    """A row of a Markdown table."""
    return f"| {' | '.join(texts)} |"


def section(
    capacities: Sequence[float], steps: Sequence[Step], found: Sequence[Outcome], seconds: float, parts: int
) -> str:
    """The section of the page on reliability."""
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, {describe_machine()}",
        f"Capacity: {min(capacities):.0f} to {max(capacities):.0f} synchronous requests per second; "
        f"{seconds:g} s for each load, in {parts} parts.",
        "",
        row(COLUMNS),
        row(["---"] * len(COLUMNS)),
        *(row(cells(step)) for step in steps),
        "",
        row(["load", "goal", "measured", "met"]),
        row(["---"] * 4),
        *(row([one.scenario, one.goal, one.measured, "yes" if one.met else "**no**"]) for one in found),
    ]
    return "\n".join(lines)
