"""The simulation against reality: `faceline bulk` with one and two workers on this machine."""

import json
import subprocess
import sys
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.scaling.costs import Costs
from bench.scaling.measure_costs import deployment, photo_files
from bench.scaling.simulation import Simulation, Size
from bench.speed.tables import LEAST_CORES, NOISE, drift
from bench.speed.workbench import Workbench
from config.errors import FacelineError

WORKERS = (1, 2)
BULK = (sys.executable, "-c", "from cli.main import app; app()", "bulk")


class Noisy(FacelineError):
    """The machine was too busy for the figures to mean anything."""

    type = "noisy"


def check(bench: Workbench, costs: Costs, chunks: int) -> str:
    """Work off some chunks for each worker, in the simulation and on a real deployment, and compare.

    Args:
        bench: has the photos, and starts the deployments.
        costs: measured on this machine.
        chunks: for each worker.

    Returns:
        A table: images per second of both, and the error of the prediction.

    Raises:
        Noisy: the machine had other things to do: the bare loop around the runs was not steady, or lacked cores.
        StackFailed: the deployment does not start.
    """
    lines = ["| workers | predicted images/s | measured images/s | error |", "| --: | --: | --: | --: |"]
    with bench.around(costs.services) as bare:
        for workers in WORKERS:
            size, total = Size(workers), chunks * workers
            predicted, measured = whole_rate(costs, size, total), real_rate(bench, costs, size, total)
            error = 100 * (predicted / measured - 1)
            lines.append(f"| {workers} | {predicted:.1f} | {measured:.1f} | {error:+.1f} % |")
    if drift(bare.baseline) > NOISE or bare.cores < LEAST_CORES:
        raise Noisy(
            f"the bare loop differed by {drift(bare.baseline):.0%} before and after, and had {bare.cores:.0%} of its "
            "cores; try again in quiet, or do not believe this:\n" + "\n".join(lines)
        )
    return "\n".join(lines)


def whole_rate(costs: Costs, size: Size, chunks: int) -> float:
    """Images per second of a simulated run from its first chunk to its last."""
    simulation = Simulation(costs, size)
    simulation.run(chunks)
    return costs.images * chunks / simulation.env.now


def real_rate(bench: Workbench, costs: Costs, size: Size, chunks: int) -> float:
    """Images per second of `faceline bulk` on workers of one thread each, by its own count."""
    with photo_files(bench.photos) as files, TemporaryDirectory() as folder:
        manifest, out = Path(folder) / "manifest.csv", Path(folder) / "out"
        photos = islice(cycle(files), costs.images * chunks)
        manifest.write_text("path\n" + "".join(f"{photo}\n" for photo in photos))
        asked = ["--services", ",".join(costs.services), "--chunk", str(costs.images)]
        roots = [files[0].parent] if costs.by_reference else []
        with deployment(bench, size.workers, roots) as stack:
            where = ["--redis-url", stack.redis_url, "--max-in-flight", str(size.slots * size.window)]
            command = [*BULK, str(manifest), "--out", str(out), *asked, *where]
            subprocess.run(command, check=True, capture_output=True)
        (run,) = json.loads((out / "manifest.json").read_text())["runs"]
        return float(run["inputs"] / run["seconds"])
