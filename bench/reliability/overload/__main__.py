"""`python -m bench.reliability.overload`: sends a stack more than it can do, and judges what its callers get.

Requests arrive at random at 1, 2 and 4 times the measured capacity: synchronous ones, jobs, and both while bulk jobs
wait. The exit code is 1 if a goal is missed.
"""

import argparse
import sys
from collections.abc import Sequence

from bench.reliability.overload.goals import SYNC, Outcome, Step, outcomes, together
from bench.reliability.overload.report import COLUMNS, cells, row, section
from bench.reliability.overload.stack_bench import OverloadBench, Scenario, overload_bench
from bench.reliability.page import write_section
from config.errors import FacelineError

TIMES = (1.0, 2.0, 4.0)
PARTS = 6
"""Each load is sent in so many parts, in turn with the others: the speed of a machine may change within minutes."""
BULK_JOBS = 2000
SCENARIOS = (Scenario(SYNC, 1), Scenario("jobs", 0), Scenario(f"both, {BULK_JOBS} bulk jobs wait", 0.5, BULK_JOBS))


def measure(bench: OverloadBench) -> tuple[list[float], list[Step], list[Outcome]]:
    """Runs all scenarios at all rates: the capacity before each part, the steps, and which goals are met."""
    capacities: list[float] = []
    steps: list[Step] = []
    found: list[Outcome] = []
    bench.warm()
    for scenario in SCENARIOS:
        parts: dict[float, list[Step]] = {times: [] for times in TIMES}
        for _ in range(PARTS):
            capacities.append(bench.measure_capacity())
            for times in TIMES:
                parts[times].append(bench.run(scenario, times, capacities[-1]))
                print(row(cells(parts[times][-1])), flush=True)
        loads = list(parts.values())
        steps += [together(load) for load in loads]
        found += outcomes(loads, bench.idle_memory_mb)
    unfinished = bench.unfinished_bulk()
    found.append(Outcome(SCENARIOS[-1].name, "all bulk jobs are done", f"{unfinished} not", not unfinished))
    return capacities, steps, found


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints and writes the section of the page; 0 if all goals are met, otherwise 1."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.reliability.overload", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="how long each load lasts")
    given = parser.parse_args(arguments)
    try:
        with overload_bench(given.seconds / PARTS) as bench:
            print(row(COLUMNS), flush=True)
            capacities, steps, found = measure(bench)
    except FacelineError as error:
        print(f"no figures: {error}", file=sys.stderr)
        return 1
    for one in found:
        print(f"{'met   ' if one.met else 'MISSED'} {one.scenario}: {one.goal}: {one.measured}")
    write_section("overload", section(capacities, steps, found, given.seconds, PARTS))
    return 0 if all(one.met for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
