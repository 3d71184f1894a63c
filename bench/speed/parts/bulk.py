"""The part `bulk`: `faceline bulk` over a folder of photos, beside the bare loop."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from bench.speed.tables import Cell, SpeedTable, mean
from bench.speed.workbench import Workbench

COLUMNS = ("way", "photos/s", "of the bare loop", "s")
NOTE = "The second row counts from the first photo to the last, the third also the start and the stop of the stack."


def measure(bench: Workbench) -> list[SpeedTable]:
    """Measures the pipeline of four services: from the first photo to the last, and the whole command."""
    names = bench.pipelines["4 services"]
    with TemporaryDirectory(prefix="faceline-bench-") as folder, bench.around(names) as bare:
        photos, out = Path(folder, "photos"), Path(folder, "out")
        _write_photos(bench.photos, bench.images, photos)
        started = perf_counter()
        command = [sys.executable, "-P", "-m", "cli.main", "bulk", str(photos), "--services", ",".join(names)]
        subprocess.run([*command, "--out", str(out)], check=True, stderr=subprocess.DEVNULL)
        whole_s = perf_counter() - started
        (run,) = json.loads((out / "manifest.json").read_text())["runs"]
    rate = mean(bare.baseline)
    rows: list[list[Cell]] = [["bare loop", rate, 1.0, None]]
    for way, seconds in (
        ("faceline bulk, first to last photo", run["seconds"]),
        ("faceline bulk, whole command", whole_s),
    ):
        rows.append([way, run["inputs"] / seconds, run["inputs"] / seconds / rate, seconds])
    title = f"faceline bulk: 4 services over {run['inputs']} photos"
    return [SpeedTable(title, COLUMNS, rows, [bare.baseline], [bare.cores], (NOTE,), COLUMNS[2])]


def _write_photos(photos: Sequence[bytes], count: int, folder: Path) -> None:
    """Writes `count` files, taking the photos in turn; a repeated photo is a hard link."""
    folder.mkdir()
    for index in range(count):
        path = folder / f"{index:06}.jpg"
        if index < len(photos):
            path.write_bytes(photos[index])
        else:
            os.link(folder / f"{index % len(photos):06}.jpg", path)
