"""Runs of the command against a deployment that is stopped."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from bulk.errors import ExecutorLost, IncompatibleRun
from bulk.executors.executor import Outcome
from bulk.inputs import Order
from bulk.output.folder import Output
from bulk.run import BulkRequest
from bulk.run import run as run_bulk
from bulk.sources import open_source
from bulk.validation import photo_validator
from cli.bulk.options import BulkOptions
from cli.bulk.run import run
from config.settings import Settings
from jobs.errors import StorageError
from tests.fakes.executor import FakeExecutor, dead, well
from tests.unit.bulk.test_run import Counting

ASKED = ("face-detector-face-fitter", "age-estimator")
CLOSED = {"url": "http://127.0.0.1:9", "redis_url": "redis://127.0.0.1:9/0"}


@pytest.fixture
def options(tmp_path: Path) -> BulkOptions:
    """Of a run with two photos, that has not begun."""
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("a.jpg", "b.jpg"):
        (photos / name).write_bytes(b"photo")
    (photos / "notes.txt").touch()
    return BulkOptions(
        source=str(photos),
        out=tmp_path / "out",
        services=ASKED,
        url=None,
        redis_url=None,
        form="parquet",
        column="path",
        chunk=1,
        limit=None,
        seed=None,
        max_in_flight=None,
        on_error="fail",
        resume=True,
        pictures=None,
    )


def finish(options: BulkOptions) -> None:
    """Complete the run; its second photo fails."""

    def answer(executor: FakeExecutor, photos: object) -> Outcome | None:
        return Outcome([dead("invalid_image")]) if len(executor.sent) == 2 else well(executor, executor.sent[-1])

    source = open_source(options.source, options.column)
    order = Order(options.seed, options.limit, options.chunk)
    request = BulkRequest(source, options.source, options.column, order, options.form, options.resume)
    output = Output(options.out)
    validator = photo_validator(Settings(), options.services, options.on_error)
    with output.taken():
        run_bulk(request, validator, FakeExecutor(answer), output, 1, Counting())


@pytest.mark.parametrize("how", ["url", "redis_url"])
def test_a_complete_run_ends_without_the_deployment(options: BulkOptions, how: str) -> None:
    finish(options)
    before = (options.out / "manifest.json").read_bytes()
    shown = io.StringIO()
    assert run(_through(options, how), Console(file=shown)) == 1
    assert "2 photos, 1 rows, 1 failed" in shown.getvalue()
    assert "passed over: 1 .txt (notes.txt)" in shown.getvalue()
    assert "models not compared" in shown.getvalue()
    assert (options.out / "manifest.json").read_bytes() == before


@pytest.mark.parametrize("how", ["url", "redis_url"])
def test_a_run_with_something_left_to_do_needs_the_deployment(options: BulkOptions, how: str) -> None:
    with pytest.raises((ExecutorLost, StorageError)):
        run(_through(options, how), Console(file=io.StringIO()))
    finish(options)
    next(options.out.glob("parts/*")).unlink()
    with pytest.raises((ExecutorLost, StorageError)):
        run(_through(options, how), Console(file=io.StringIO()))
    with pytest.raises((ExecutorLost, StorageError)):
        run(replace(_through(options, how), resume=False), Console(file=io.StringIO()))


def test_other_options_are_another_run_without_the_deployment_too(options: BulkOptions) -> None:
    finish(options)
    with pytest.raises(IncompatibleRun, match="chunk was 1, now 2"):
        run(replace(_through(options, "url"), chunk=2), Console(file=io.StringIO()))


def test_a_record_that_cannot_be_read_does_not_count_as_complete(options: BulkOptions) -> None:
    finish(options)
    (options.out / "manifest.json").write_text("[]")
    with pytest.raises(IncompatibleRun, match="is not the manifest of a run"):
        run(_through(options, "url"), Console(file=io.StringIO()))


def _through(options: BulkOptions, how: str) -> BulkOptions:
    if how == "url":
        return replace(options, url=CLOSED[how])
    return replace(options, redis_url=CLOSED[how])
