"""`faceline bulk` over a folder of photos: beside the bare loop, once it works and as a whole command."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from bench.speed.tables import Cell, Table, mean
from bench.speed.workbench import Workbench

COLUMNS = ("way", "photos/s", "of the bare loop", "s")
NOTE = "The second row counts from the first photo to the last, the third also the start of the stack and its end."


def measure(bench: Workbench) -> list[Table]:
    """The pipeline of four services over a folder of photos."""
    names = bench.pipelines["4 services"]
    with TemporaryDirectory(prefix="faceline-bench-") as folder, bench.around(names) as bare:
        photos, out = Path(folder, "photos"), Path(folder, "out")
        _lay_out(bench.photos, bench.images, photos)
        began = perf_counter()
        command = [sys.executable, "-m", "cli.main", "bulk", str(photos), "--services", ",".join(names)]
        subprocess.run([*command, "--out", str(out)], check=True, stderr=subprocess.DEVNULL)
        whole_s = perf_counter() - began
        (run,) = json.loads((out / "manifest.json").read_text())["runs"]
    rate = mean(bare.baseline)
    rows: list[list[Cell]] = [["bare loop", rate, 1.0, None]]
    for way, seconds in (("faceline bulk, at work", run["seconds"]), ("faceline bulk, with its start", whole_s)):
        rows.append([way, run["inputs"] / seconds, run["inputs"] / seconds / rate, seconds])
    title = f"faceline bulk: 4 services over {run['inputs']} photos"
    return [Table(title, COLUMNS, rows, [bare.baseline], [bare.cores], (NOTE,), COLUMNS[2])]


def _lay_out(photos: Sequence[bytes], count: int, folder: Path) -> None:
    """Files of photos, taken in turn; what comes again is another name of the same file."""
    folder.mkdir()
    for index in range(count):
        path = folder / f"{index:06}.jpg"
        if index < len(photos):
            path.write_bytes(photos[index])
        else:
            os.link(folder / f"{index % len(photos):06}.jpg", path)
