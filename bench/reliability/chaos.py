"""`python -m bench.reliability.chaos`: disturbs a running stack under real load, and counts what callers lose.

In each scenario jobs, batches and synchronous calls come in while parts of the stack are killed, frozen, filled or
poisoned. Each photo that was acknowledged has to be answered once, with its own result.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import isinf
from pathlib import Path
from time import monotonic, time_ns

from bench.reliability.page import write_section
from bench.reliability.report import Row, head_line, line, machine, to_markdown
from bench.reliability.run import Results, quiet_results, run_scenario
from bench.reliability.scenarios import SCENARIOS, Scenario
from bench.reliability.stack import LAYOUTS, Layout, StackUnusable, TestedStack
from bench.reliability.work import shipped_photos
from cli.exits import interrupt_on_signals

WHOLE_S = 60.0
"""How long to wait before a scenario until all workers are back from the one before."""
SHOWN_FAULTS = 20


@dataclass(frozen=True)
class Run:
    """One run of the command.

    Attributes:
        seed: of all that is drawn.
        stretch: by which the times of scenarios are multiplied.
        photos: encoded, by name.
    """

    seed: int
    stretch: float = 1.0
    photos: Mapping[str, bytes] = field(default_factory=shipped_photos)

    def rows(self, layout: Layout, scenarios: Sequence[Scenario], folder: Path) -> list[Row]:
        """Runs scenarios on one stack; a scenario that goes wrong is followed by a new one.

        Raises:
            StackUnusable: a stack does not start.
        """
        rows: list[Row] = []
        results: Results = {}
        while len(rows) < len(scenarios):
            with TestedStack(layout, folder / f"{layout}-{len(rows)}") as stack:
                workers = len(stack.processes("worker"))
                results = results or quiet_results(stack, self.photos)
                for scenario in scenarios[len(rows) :]:
                    with suppress(StackUnusable):
                        stack.wait_until_whole(workers, monotonic() + WHOLE_S)
                    seed, seconds = f"{self.seed} {layout} {scenario.name}", scenario.seconds * self.stretch
                    verdict = run_scenario(scenario, stack, results, self.photos, seed, seconds)
                    rows.append(Row(scenario, layout, verdict))
                    _print(rows[-1], stack)
                    if not verdict.good:
                        # What is left of this scenario must not count in the next one.
                        break
        return rows


def _print(row: Row, stack: TestedStack) -> None:
    print(line(row), flush=True)
    for fault in row.verdict.faults[:SHOWN_FAULTS]:
        print(f"    {fault}", flush=True)
    if not row.verdict.good:
        print(f"    log: {stack.log}", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs scenarios, prints a table, and writes the page if all scenarios ran.

    Returns:
        0 if nothing was lost, doubled or wrong, and the stack recovered each time; otherwise 1.
    """
    given = _parser().parse_args(arguments)
    interrupt_on_signals()
    scenarios = [scenario for scenario in SCENARIOS if not given.scenario or scenario.name in given.scenario]
    layouts = [layout for layout in LAYOUTS if not given.layout or layout in given.layout]
    usual = len(layouts) * sum(scenario.seconds for scenario in scenarios)
    run = Run(given.seed, given.seconds / usual if given.seconds else 1.0)
    print(f"seed {given.seed}, {machine()}\n{head_line()}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="faceline-chaos-"))
    rows: list[Row] = []
    try:
        for layout in layouts:
            rows += run.rows(layout, scenarios, folder)
    except StackUnusable as error:
        print(f"no figures: {error}; the logs are in {folder}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"interrupted; the logs are in {folder}", file=sys.stderr)
        return 1
    if len(rows) == len(SCENARIOS) * len(LAYOUTS):
        write_section("chaos", to_markdown(rows, given.seed, given.seconds or usual))
    if not all(row.verdict.good and not isinf(row.verdict.recovery_s) for row in rows):
        print(f"the logs are in {folder}", file=sys.stderr)
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.reliability.chaos", description=(__doc__ or "").splitlines()[0].partition(": ")[2]
    )
    names = [scenario.name for scenario in SCENARIOS]
    parser.add_argument("--seed", type=int, default=time_ns() % 100_000, help="of all that is drawn; printed")
    parser.add_argument("--seconds", type=float, help="of disturbances, all scenarios together; by default about 300")
    parser.add_argument("--scenario", action="append", choices=names, help="may be repeated; by default all")
    parser.add_argument("--layout", action="append", choices=LAYOUTS, help="may be repeated; by default both")
    return parser


if __name__ == "__main__":
    sys.exit(main())
