"""`python -m bench.speed`: measures the speed of Faceline on this machine.

Only ratios can be compared between machines. So each part is measured beside the bare loop of the same run, which runs
before and after it. A part is refused if the two bare loops differ by more than a tenth, or did not have their cores:
then the machine was busy with something else.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import perf_counter

from bench.speed.parts import bare, bulk, durability, front, growth, hops, observation, peers, queue
from bench.speed.report import ResultsFolder
from bench.speed.tables import SpeedTable
from bench.speed.workbench import Workbench
from config.errors import FacelineError
from config.settings import load_settings

Part = Callable[[Workbench], list[SpeedTable]]

PARTS: Mapping[str, Part] = {
    "bare": bare.measure,
    "profile": bare.profile,
    "queue": queue.measure,
    "bulk": bulk.measure,
    "hops": hops.measure,
    "front": front.measure,
    "growth": growth.measure,
    "durability": durability.measure,
    "observation": observation.measure,
    "peers": peers.measure,
}
RESULTS = Path(__file__).parents[1] / "results"


def main(arguments: Sequence[str] | None = None, parts: Mapping[str, Part] = PARTS) -> int:
    """Measures parts, prints their tables, and saves the tables that are not refused.

    Args:
        arguments: the command line.
        parts: the parts to choose from.

    Returns:
        0 if all parts were measured and none was refused, otherwise 1.
    """
    parser = argparse.ArgumentParser(prog="python -m bench.speed", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--part", action="append", choices=parts, help="may be repeated; by default all parts")
    parser.add_argument("--seconds", type=float, default=5.0, help="about how long a measurement takes")
    parser.add_argument(
        "--images", type=int, default=2000, help="photos for `faceline bulk`, and for the stack whose memory is watched"
    )
    parser.add_argument("--out", type=Path, default=RESULTS, help="the folder for speed.md, speed.json and speed.svg")
    given = parser.parse_args(arguments)
    refused = []
    try:
        bench = Workbench(load_settings(), given.seconds, given.images)
        results = ResultsFolder(given.out)
        for part in given.part or parts:
            started = perf_counter()
            tables = parts[part](bench)
            for table in tables:
                print(table.to_markdown())
            if any(table.refused for table in tables):
                refused.append(part)
            else:
                results.save(part, tables)
            print(f"({part}: {perf_counter() - started:.0f} s)\n", file=sys.stderr)
    except FacelineError as error:
        print(f"no figures: {error}", file=sys.stderr)
        return 1
    if refused:
        print(
            f"refused: {', '.join(refused)}; the machine was busy with something else, try again when it is idle",
            file=sys.stderr,
        )
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
