"""The part `durability`: what it costs that the embedded server writes to the disk before each answer."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from statistics import median

from bench.speed.child_process import run_in_child
from bench.speed.load_client import Load, LoadResult, send
from bench.speed.parts.front import CONCURRENCY, WARM
from bench.speed.parts.queue import over_http
from bench.speed.photos import photos
from bench.speed.tables import Cell, SpeedTable, p50_p95_ms
from bench.speed.workbench import Workbench, job_request
from embedded.stack import Stack

POLICIES = ("everysec", "always")
ROUNDS = 5
"""The two stacks are measured in turn, so that a change of the machine's speed meets both."""
CONCURRENCY_OF_JOBS = 8
COLUMNS = ("what", "fsync", "per second", "p50 ms", "p95 ms", "rate / everysec")


def measure(bench: Workbench) -> list[SpeedTable]:
    """Measures submissions and whole jobs with each value of FACELINE_EMBEDDED_FSYNC."""
    names = bench.all_services[:1]
    (small,) = photos(1, megapixels=0.015, quality=(80, 80))
    request = job_request(names, small)

    def submit(stack: Stack) -> LoadResult:
        few = run_in_child(send, Load(stack.url, [request], WARM, CONCURRENCY))
        # No worker takes the jobs: more would exceed the limit of the queue.
        most = bench.settings.limits.queue_length // ROUNDS - 2 * WARM
        count = max(WARM, min(round(few.rate * bench.seconds / ROUNDS), most))
        return run_in_child(send, Load(stack.url, [request], count, CONCURRENCY))

    with bench.around(names) as bare:
        count = max(bare.count // ROUNDS, 4 * CONCURRENCY_OF_JOBS)
        rows = _in_turn(bench, "submissions", submit, workers=[])
        rows += _in_turn(
            bench, "jobs", lambda stack: over_http(bench, stack, names, bench.photos, count, CONCURRENCY_OF_JOBS)
        )
    notes = [
        f"Submissions: POST /jobs, {CONCURRENCY} at a time, without workers. Jobs: {names[0]}, one photo each, "
        f"{CONCURRENCY_OF_JOBS} at a time over HTTP. Medians of {ROUNDS} measurements, with the two settings in turn."
    ]
    return [SpeedTable("Writing to the disk", COLUMNS, rows, [bare.baseline], [bare.cores], notes)]


def _in_turn(
    bench: Workbench, what: str, run: Callable[[Stack], LoadResult], workers: Sequence[Sequence[str]] | None = None
) -> list[list[Cell]]:
    """The rows of one kind of load, on a stack for each policy."""
    results: Mapping[str, list[LoadResult]] = {policy: [] for policy in POLICIES}
    with ExitStack() as cleanup:
        stacks = {}
        for policy in POLICIES:
            settings = bench.settings.model_copy(update={"embedded_fsync": policy})
            own = Workbench(settings, bench.seconds, bench.images)
            stacks[policy] = cleanup.enter_context(own.stack(workers))
        for _ in range(ROUNDS):
            for policy, stack in stacks.items():
                results[policy].append(run(stack))
    rates = {policy: median(result.rate for result in measured) for policy, measured in results.items()}
    rows: list[list[Cell]] = []
    for policy, measured in results.items():
        latencies = p50_p95_ms([latency for result in measured for latency in result.latencies])
        rows.append([what, policy, rates[policy], *latencies, rates[policy] / rates["everysec"]])
    return rows
