"""Compares the simulation with real runs of `faceline bulk` on one and two workers of this machine."""

import json
import subprocess
import sys
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.scaling.costs import Costs
from bench.scaling.measure_costs import deployment, photo_files
from bench.scaling.simulation import DeploymentSize, Simulation
from bench.speed.tables import MAX_DRIFT, MIN_CORES, drift
from bench.speed.workbench import Workbench
from config.errors import FacelineError

WORKERS = (1, 2)
BULK = (sys.executable, "-P", "-m", "cli.main", "bulk")


class MachineBusy(FacelineError):
    """The machine was too busy with something else for the figures to mean anything."""

    type = "noisy"


def check(bench: Workbench, costs: Costs, chunks: int) -> str:
    """Processes chunks in the simulation and in a real deployment, and compares the two.

    Args:
        bench: has the photos, and starts the deployments.
        costs: costs measured on this machine.
        chunks: the number of chunks for each worker.

    Returns:
        A Markdown table of predicted and measured images per second.

    Raises:
        MachineBusy: the bare loop around the runs was not steady, or lacked cores.
        StackFailed: the deployment does not start.
    """
    lines = ["| workers | predicted images/s | measured images/s | error |", "| --: | --: | --: | --: |"]
    with bench.around(costs.services) as bare:
        for workers in WORKERS:
            size, total = DeploymentSize(workers), chunks * workers
            predicted, measured = simulated_rate(costs, size, total), real_rate(bench, costs, size, total)
            error = 100 * (predicted / measured - 1)
            lines.append(f"| {workers} | {predicted:.1f} | {measured:.1f} | {error:+.1f} % |")
    if drift(bare.baseline) > MAX_DRIFT or bare.cores < MIN_CORES:
        raise MachineBusy(
            f"the bare loop before and after differed by {drift(bare.baseline):.0%}, and had {bare.cores:.0%} of its "
            "cores; try again when the machine is idle. These figures are unreliable:\n" + "\n".join(lines)
        )
    return "\n".join(lines)


def simulated_rate(costs: Costs, size: DeploymentSize, chunks: int) -> float:
    """Images per second of a simulated run, from its first chunk to its last."""
    simulation = Simulation(costs, size)
    simulation.run(chunks)
    return costs.images * chunks / simulation.env.now


def real_rate(bench: Workbench, costs: Costs, size: DeploymentSize, chunks: int) -> float:
    """Images per second of `faceline bulk` on workers of one thread each, from its manifest."""
    with photo_files(bench.photos) as files, TemporaryDirectory() as folder:
        manifest, out = Path(folder) / "manifest.csv", Path(folder) / "out"
        photos = islice(cycle(files), costs.images * chunks)
        manifest.write_text("path\n" + "".join(f"{photo}\n" for photo in photos))
        options = ["--services", ",".join(costs.services), "--chunk", str(costs.images)]
        roots = [files[0].parent] if costs.by_reference else []
        with deployment(bench, size.workers, roots) as stack:
            connection = ["--redis-url", stack.redis_url, "--max-in-flight", str(size.slots * size.window)]
            command = [*BULK, str(manifest), "--out", str(out), *options, *connection]
            subprocess.run(command, check=True, capture_output=True)
        (run,) = json.loads((out / "manifest.json").read_text())["runs"]
        return float(run["inputs"] / run["seconds"])
