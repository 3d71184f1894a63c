"""`python -m bench.speed`: how fast Faceline is on this machine.

Ratios count, not figures: each measurement stands beside the bare loop of the same run, which is measured before and
after it. Where the two differ by more than a tenth, or the loop did not have its cores, the measurement is refused.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import perf_counter

from bench.speed import bare, bulk, front, growth, hops, peers, profile, queued
from bench.speed.report import Report
from bench.speed.tables import Table
from bench.speed.workbench import Workbench
from config.errors import FacelineError
from config.settings import load_settings

Part = Callable[[Workbench], list[Table]]

PARTS: Mapping[str, Part] = {
    "bare": bare.measure,
    "profile": profile.measure,
    "queue": queued.measure,
    "bulk": bulk.measure,
    "hops": hops.measure,
    "front": front.measure,
    "growth": growth.measure,
    "peers": peers.measure,
}
RESULTS = Path(__file__).parents[1] / "results"


def main(arguments: Sequence[str] | None = None, parts: Mapping[str, Part] = PARTS) -> int:
    """Measure, print, and write down what is not refused.

    Args:
        arguments: of the command line.
        parts: that there are.

    Returns:
        0 if nothing is refused.
    """
    parser = argparse.ArgumentParser(prog="python -m bench.speed", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--part", action="append", choices=parts, help="again for several; all if not given")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement, about")
    parser.add_argument(
        "--images", type=int, default=2000, help="of `faceline bulk`, and of the stack whose memory is watched"
    )
    parser.add_argument("--out", type=Path, default=RESULTS, help="the folder for speed.md, speed.json and speed.svg")
    given = parser.parse_args(arguments)
    refused = []
    try:
        bench = Workbench(load_settings(), given.seconds, given.images)
        report = Report(given.out)
        for part in given.part or parts:
            started = perf_counter()
            tables = parts[part](bench)
            for table in tables:
                print(table.to_markdown())
            if any(table.refused for table in tables):
                refused.append(part)
            else:
                report.keep(part, tables)
            print(f"({part}: {perf_counter() - started:.0f} s)\n", file=sys.stderr)
    except FacelineError as error:
        print(f"no figures: {error}", file=sys.stderr)
        return 1
    if refused:
        print(f"refused: {', '.join(refused)}; the machine was busy, try again in quiet", file=sys.stderr)
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
