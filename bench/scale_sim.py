"""`python -m bench.scale_sim`: predicts the throughput of deployments of 1 to 256 workers, and their first bottleneck.

`--measure` sends chunks through a real server and a real worker, and writes what they cost. `--predict`, the default,
simulates deployments with these costs. `--check` predicts the throughput of one and two workers on this machine, and
compares it with a real run.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bench.scaling.check import check
from bench.scaling.costs import Costs
from bench.scaling.measure_costs import measure
from bench.scaling.predict import Prices, sweep
from bench.scaling.report import chart, table
from bench.scaling.simulation import DeploymentSize
from bench.speed.workbench import FOUR_SERVICES, Workbench
from config.errors import FacelineError
from config.settings import load_settings

RESULTS = Path(__file__).parent / "results"
COSTS = RESULTS / "scaling-costs.json"
PRICES = Prices()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, predicts or checks, and prints the outcome; 1 if there are no figures."""
    given = _arguments(arguments)
    try:
        if given.measure:
            bench = Workbench(load_settings(), seconds=5, images=0)
            by_reference = not given.claim_check
            costs = measure(bench, given.services, given.images, given.chunks, by_reference=by_reference)
            costs.write(given.costs)
            print(f"written: {given.costs}")
        elif given.check:
            print(check(Workbench(load_settings(), seconds=5, images=0), Costs.read(given.costs), given.chunks))
        else:
            _predict(given)
    except FacelineError as error:
        print(f"no figures: {error}", file=sys.stderr)
        return 1
    return 0


def _predict(given: argparse.Namespace) -> None:
    costs = Costs.read(given.costs)
    size = DeploymentSize(1, given.threads, given.hops, given.window, given.gigabits * 1e9 / 8)
    predictions = sweep(costs, size, Prices(given.core_hour, given.fixed_cores), given.seed)
    text = table(predictions)
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "scaling.md").write_text(text)
    (given.out / "scaling.svg").write_text(chart(predictions))
    (given.out / "scaling.json").write_text(
        json.dumps([asdict(prediction) for prediction in predictions], indent=2) + "\n"
    )
    print(text)


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.scale_sim", description=(__doc__ or "").splitlines()[0])
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--measure", action="store_true", help="measure on this machine what a chunk costs")
    what.add_argument("--predict", action="store_true", help="simulate 1 to 256 workers (the default)")
    what.add_argument(
        "--check", action="store_true", help="compare a prediction for one and two workers with a real run"
    )
    parser.add_argument("--costs", type=Path, default=COSTS, help="the file with the measured costs")
    parser.add_argument("--services", nargs="+", default=FOUR_SERVICES, help="measure: the services of each image")
    parser.add_argument("--claim-check", action="store_true", help="measure: the server stores the photos")
    parser.add_argument("--images", type=int, default=64, help="measure: photos in a chunk")
    parser.add_argument("--chunks", type=int, default=20, help="measure, check: chunks to send")
    parser.add_argument("--threads", type=int, default=1, help="predict: threads of each worker, one core each")
    parser.add_argument("--hops", type=int, default=1, help="predict: stages of a chunk")
    parser.add_argument("--window", type=int, default=3, help="predict: open chunks per thread")
    parser.add_argument("--gigabits", type=float, default=10, help="predict: gigabits per second of the server's link")
    parser.add_argument(
        "--core-hour", type=float, default=PRICES.core_hour, help="predict: the price of a core for an hour"
    )
    parser.add_argument(
        "--fixed-cores", type=int, default=PRICES.fixed_cores, help="predict: cores besides those of the workers"
    )
    parser.add_argument("--seed", type=int, default=0, help="predict: the seed of the simulation")
    parser.add_argument("--out", type=Path, default=RESULTS, help="predict: the folder for table, chart and JSON")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
