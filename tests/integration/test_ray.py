"""The Ray job gives the rows of `faceline bulk`; skipped without the extra `ray`."""

import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.integration.conftest import FOUR
from tests.integration.steady import steady_photos
from tests.tolerances import assert_alike

ROOT = Path(__file__).parents[2]
BULK = [sys.executable, "-P", "-m", "cli.main", "bulk"]
RAY = [sys.executable, str(ROOT / "deploy" / "ray" / "job.py")]
ORDER = [("image", "ascending"), ("object", "ascending")]

pytestmark = [pytest.mark.weights, pytest.mark.stack]


def run(command: list[str], source: Path, out: Path) -> None:
    folders = [os.environ.get("PYTHONPATH"), str(ROOT)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, folders))}
    arguments = [str(source), "--services", ",".join(FOUR), "--out", str(out)]
    done = subprocess.run([*command, *arguments], env=environment, capture_output=True, check=False, text=True)
    assert done.returncode in (0, 3), done.stderr


def table(folder: Path) -> pa.Table:
    return pa.concat_tables(pq.read_table(part) for part in sorted(folder.glob("*.parquet")))


def test_the_rows_are_those_of_bulk(tmp_path: Path) -> None:
    pytest.importorskip("ray", exc_type=ImportError)
    source = tmp_path / "photos"
    source.mkdir()
    for name, photo in steady_photos().items():
        (source / name).write_bytes(photo)
    (source / "broken.jpg").write_bytes(b"no photo")
    run(BULK, source, tmp_path / "bulk")
    run([*RAY, "--actors", "2"], source, tmp_path / "ray")
    bulk, by_ray = table(tmp_path / "bulk" / "parts"), table(tmp_path / "ray")
    assert by_ray.filter(pc.is_valid(by_ray["error"]))["image"].to_pylist() == ["broken.jpg"]
    rows = by_ray.filter(pc.is_null(by_ray["error"])).drop_columns(["error"])
    assert rows.schema == bulk.schema
    assert_alike(rows.sort_by(ORDER).to_pylist(), bulk.sort_by(ORDER).to_pylist())
    assert len(set(rows["image"].to_pylist())) == len(steady_photos())
