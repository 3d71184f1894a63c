"""`faceline bulk` reads photos from buckets as from folders, and never writes the keys of a bucket down."""

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.integration.buckets import SECRET, SERVERS, Bucket
from tests.integration.conftest import PHOTOS
from tests.integration.test_bulk import names, rows
from tests.tolerances import assert_alike

pytestmark = pytest.mark.stack

CHUNK = 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with photos: two in sub-folders, two in a shard, and two files that are no photos."""
    folder = tmp_path_factory.mktemp("source") / "p"
    # Two looks at obama_speech differ by too much: see `STEADY` in `tests/accuracy/photos.py`.
    photos = [PHOTOS / f"{name}.jpg" for name in ("ardern", "collins", "macron", "obama_senate", "shuttle_model")]
    (folder / "a b" / "é#1").mkdir(parents=True)
    for photo, name in zip(photos, ("1.jpg", "a b/é#1/2.jpg", "a b.jpg"), strict=False):
        (folder / name).write_bytes(photo.read_bytes())
    with tarfile.open(folder / "shard-0.tar", "w") as tar:
        for photo in photos[3:5]:
            tar.add(photo, photo.name)
    (folder / "broken.jpg").write_text("no photo")
    (folder / "empty.jpg").touch()
    return folder


@pytest.fixture(scope="module")
def expected(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of the folder itself."""
    out = tmp_path_factory.mktemp("expected") / "out"
    assert run(folder, out, {}) == 3, (out.parent / "log").read_text()
    return out


@pytest.fixture(scope="module", params=SERVERS)
def bucket(request: pytest.FixtureRequest, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    """A bucket that holds the folder."""
    with SERVERS[request.param](tmp_path_factory.mktemp("server")) as bucket:
        for path in folder.rglob("*"):
            if path.is_file():
                bucket.put(f"p/{path.relative_to(folder)}", path.read_bytes())
        yield bucket


def run(source: Path | str, out: Path, environment: Mapping[str, str], *options: str) -> int:
    command = [sys.executable, "-P", "-m", "cli.main", "bulk", str(source), "--out", str(out), "--chunk", str(CHUNK)]
    settings = {"FACELINE_LOG_LEVEL": "DEBUG", "FACELINE_CORES": "1"}
    with (out.parent / "log").open("ab") as log:
        return subprocess.run(
            [*command, "--services", "face-detector-face-fitter", *options],
            env={**os.environ, **settings, **environment},
            stdout=log,
            stderr=log,
            timeout=100,
            check=False,
        ).returncode


def written(out: Path) -> str:
    """All text that a run wrote: files, logs and output."""
    return "".join(path.read_text(errors="replace") for path in out.parent.rglob("*") if path.is_file())


def read_by_workers(out: Path, name: str) -> bool:
    """Whether a worker read a photo, by the log of the stack at level DEBUG."""
    lines = (out / "stack.log").read_text().splitlines()
    return any(name in line for line in lines if line.startswith("worker"))


def test_a_bucket_gives_the_rows_of_a_folder(bucket: Bucket, expected: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(f"{bucket.url}/p/", out, bucket.environment) == 3, written(out)
    assert_alike(rows(out), rows(expected))
    assert (out / "errors.jsonl").read_bytes() == (expected / "errors.jsonl").read_bytes()
    assert read_by_workers(out, "1.jpg")
    assert SECRET not in written(out)
    assert SECRET[::-1] not in written(out)
    # An interrupted run is continued.
    min(out.glob("parts/part-00000001-*")).unlink()
    assert run(f"{bucket.url}/p/", out, bucket.environment) == 3, written(out)
    assert json.loads((out / "manifest.json").read_text())["runs"][-1]["inputs"] == CHUNK
    assert_alike(rows(out), rows(expected))


def test_a_manifest_of_urls_does_not_leak_their_passwords(bucket: Bucket, tmp_path: Path) -> None:
    manifest, out = tmp_path / "list.csv", tmp_path / "results" / "out"
    out.parent.mkdir()
    gone = f"{bucket.address}/photos/gone.jpg"
    login = gone.replace("://", f"://user:{SECRET}@")
    manifest.write_text(f"path,label\n{bucket.url}/p/a b/é#1/2.jpg,one\n{bucket.url}/p/1.jpg,two\n{login},three\n")
    assert run(manifest, out, bucket.environment) == 3, written(out)
    assert names(out) == sorted([gone, f"{bucket.url}/p/1.jpg", f"{bucket.url}/p/a b/é#1/2.jpg"])
    assert {row["label"] for path in out.glob("parts/*") for row in pq.read_table(path).to_pylist()} == {"one", "two"}
    assert read_by_workers(out, "1.jpg")
    assert SECRET not in written(out)


@pytest.mark.parametrize(("pattern", "photos"), [("p/**/*.jpg", 5), ("p/shard-{0..0}.tar", 2)])
def test_patterns_and_shards_are_counted(bucket: Bucket, tmp_path: Path, pattern: str, photos: int) -> None:
    out = tmp_path / "out"
    assert run(f"{bucket.url}/{pattern}", out, bucket.environment, "--dry-run") == 0, written(out)
    assert f"{photos} photos in" in written(out)
