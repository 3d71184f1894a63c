"""Runs on an executor that answers as a test wants."""

import csv
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

import bulk.dispatch
from bulk.dispatch import RunProgress
from bulk.errors import ExecutorLost, IncompatibleRun, InvalidSource, OutputTaken
from bulk.executors.executor import Outcome
from bulk.inputs import Order
from bulk.output.folder import Output
from bulk.output.record import RunRecord
from bulk.run import BulkRequest, FormatName, completed, run
from bulk.sources import open_source
from bulk.validation import PhotoValidator
from config.settings import JobSettings, LimitSettings
from jobs.errors import StorageError
from jobs.factory import CheckedSample, JobFactory
from jobs.job import OnError, RunOptions
from jobs.reference import Reference
from models.catalogue import services
from models.networks.liveness import LIVENESS as LIVENESS_OUTPUT
from models.networks.liveness import Liveness
from models.services.age_estimator import AgeEstimator
from pipelines.chunk import Failure, Item
from pipelines.sample import Sample, SampleObject
from pipelines.tables.columns import PHOTO_COLUMNS
from tests.fakes.executor import Answer, FakeExecutor, dead, well

PHOTO = cv2.imencode(".png", np.zeros((20, 40, 3), np.uint8))[1].tobytes()
ASKED = ("face-detector-face-fitter", "age-estimator")
LIVENESS = "face-detector-liveness-estimator"
MODULES = frozenset({"quality-liveness-anti-spoofing"})


class Counting:
    """A `RunProgress` that counts photos: done by an earlier run, and now."""

    before = now = 0

    def begin(self) -> None: ...

    def skipped(self, inputs: int) -> None:
        self.before += inputs

    def done(self, inputs: int, failed: int) -> None:
        self.now += inputs


class World:
    """Ten photos, and a folder for results."""

    def __init__(self, folder: Path) -> None:
        self.photos = folder / "photos"
        self.out = folder / "out"
        self.photos.mkdir()
        for number in range(10):
            (self.photos / f"{number}.png").write_bytes(PHOTO)

    def run(
        self,
        executor: FakeExecutor,
        *,
        chunk: int = 4,
        seed: int | None = None,
        limit: int | None = None,
        resume: bool = True,
        asked: Sequence[str] = ASKED,
        progress: RunProgress | None = None,
        form: FormatName = "parquet",
        on_error: OnError = "fail",
    ) -> RunRecord:
        request = self.request(chunk=chunk, seed=seed, limit=limit, resume=resume, form=form)
        output = Output(self.out)
        with output.taken():
            at_once = executor.max_in_flight
            return run(request, self.validator(asked, on_error), executor, output, at_once, progress or Counting())

    def request(
        self,
        *,
        chunk: int = 4,
        seed: int | None = None,
        limit: int | None = None,
        resume: bool = True,
        form: FormatName = "parquet",
    ) -> BulkRequest:
        source = open_source(str(self.photos), "path")
        return BulkRequest(source, str(self.photos), "path", Order(seed, limit, chunk), form, resume)

    def validator(self, asked: Sequence[str] = ASKED, on_error: OnError = "fail") -> PhotoValidator:
        factory = JobFactory(services(MODULES), JobSettings(), LimitSettings(), lambda family: family.value)
        return PhotoValidator(factory, asked, RunOptions(60, "number", on_error))

    def results(self) -> list[str]:
        tables = (pq.read_table(path).to_pylist() for path in sorted(self.out.glob("parts/part-*")))
        return [row["image"] for table in tables for row in table]

    def columns(self) -> list[str]:
        return self._table()[0]

    def cells(self, *columns: str) -> list[list[str]]:
        """The values of some columns of the first part as text, a list for each row."""
        head, *rows = self._table()
        return [[row[head.index(column)] for column in columns] for row in rows]

    def _table(self) -> list[list[str]]:
        """The first part: its columns, then its rows."""
        path = min(self.out.glob("parts/part-*"))
        if path.suffix == ".csv":
            return list(csv.reader(path.read_text().splitlines()))
        table = pq.read_table(path)
        rows = ([("" if cell is None else str(cell)) for cell in row.values()] for row in table.to_pylist())
        return [table.column_names, *rows]

    def errors(self) -> list[tuple[str, str]]:
        lines = (self.out / "errors.jsonl").read_text().splitlines()
        return [(error["image"], error["type"]) for error in map(json.loads, lines)]


ALL = [f"{number}.png" for number in range(10)]
COUNTS = {"inputs": 10, "succeeded": 10, "parts": 3, "rows": 10, "failed": 0, "passed_over": {}}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk.dispatch, "WAIT_S", 0)


def once(trouble: Callable[[Sequence[CheckedSample]], Outcome | None]) -> Answer:
    """An answer that goes wrong the first time."""

    def answer(executor: FakeExecutor, photos: Sequence[CheckedSample]) -> Outcome | None:
        return trouble(photos) if len(executor.sent) == 1 else well(executor, photos)

    return answer


def test_every_photo_is_in_the_table_once_in_the_order_of_the_source(world: World) -> None:
    executor = FakeExecutor()
    record = world.run(executor)
    assert world.results() == ALL
    assert world.errors() == []
    assert record.counts == COUNTS
    assert record.task.models == {"yunet": "aa"}
    assert json.loads((world.out / "manifest.json").read_text())["state"] == "completed"


def test_no_more_than_the_allowed_chunks_are_under_way_and_all_are_erased(world: World) -> None:
    executor = FakeExecutor()
    world.run(executor, chunk=1)
    assert executor.most == 2
    assert len(executor.erased) == 10


def test_a_photo_that_fails_is_an_error_and_takes_no_neighbour_along(world: World) -> None:
    def trouble(photos: Sequence[CheckedSample]) -> Outcome:
        return Outcome([dead("invalid_image"), *(well(executor, photos[1:]).items or [])])

    executor = FakeExecutor(once(trouble))
    world.run(executor)
    assert world.results() == ALL[1:]
    assert world.errors() == [("0.png", "invalid_image")]


def test_invalid_photos_are_errors_and_are_not_sent(world: World) -> None:
    (world.photos / "3.png").write_text("no photo")
    executor = FakeExecutor(by_reference=False)
    world.run(executor)
    assert world.errors() == [("3.png", "invalid_image")]
    assert sum(map(len, executor.sent)) == 9
    assert all(photo.image == PHOTO for photos in executor.sent for photo in photos)


def test_photos_that_workers_do_not_reach_are_sent_along(world: World) -> None:
    def answer(executor: FakeExecutor, photos: Sequence[CheckedSample]) -> Outcome:
        unreached = Outcome([dead("unreachable_reference") for _ in photos])
        return unreached if photos[0].image is None else well(executor, photos)

    executor = FakeExecutor(answer)
    world.run(executor, chunk=1)
    assert world.results() == ALL
    by_reference = [photos for photos in executor.sent if photos[0].image is None]
    assert len(by_reference) <= 3  # those in flight at that time


@pytest.mark.parametrize("reaches", [True, False])
def test_one_photo_decides_whether_photos_go_by_reference(world: World, reaches: bool) -> None:
    def answer(executor: FakeExecutor, photos: Sequence[CheckedSample]) -> Outcome:
        unreached = photos[0].image is None and not reaches
        return Outcome([dead("unreachable_reference") for _ in photos]) if unreached else well(executor, photos)

    executor = FakeExecutor(answer, by_reference=None)
    world.run(executor)
    assert world.results() == ALL
    assert [len(photos) for photos in executor.sent] == [1, 1, 4, 4, 2]
    assert {photo.image is None for photos in executor.sent[2:] for photo in photos} == {reaches}
    again = FakeExecutor(answer, by_reference=None)
    world.run(again)
    assert again.sent == []


def test_a_photo_that_cannot_be_read_is_an_error(world: World) -> None:
    (world.photos / "3.png").unlink()
    (world.photos / "list.csv").write_text("path\n3.png\n4.png\n")
    world.photos /= "list.csv"
    world.run(FakeExecutor(by_reference=False))
    assert world.errors() == [("3.png", "unreachable_reference")]
    assert world.results() == ["4.png"]


def test_photos_whose_results_are_lost_are_sent_again(world: World) -> None:
    executor = FakeExecutor(once(lambda _: Outcome(None)))
    world.run(executor)
    assert world.results() == ALL
    assert len(executor.sent) == 4


def test_photos_whose_results_are_always_lost_are_errors(world: World) -> None:
    executor = FakeExecutor(lambda _executor, _photos: Outcome(None))
    world.run(executor, limit=2)
    assert world.errors() == [("0.png", "lost"), ("1.png", "lost")]
    assert len(executor.sent) == 5


def test_one_photo_that_kills_its_workers_is_found_among_its_neighbours(world: World) -> None:
    def answer(executor: FakeExecutor, photos: Sequence[CheckedSample]) -> Outcome:
        poisonous = any(photo.reference is not None and photo.reference.endswith("/2.png") for photo in photos)
        failure = Failure(service=None, type="poisoned", message="killed its worker")
        return Outcome(None, failure) if poisonous else well(executor, photos)

    world.run(FakeExecutor(answer))
    assert world.errors() == [("2.png", "poisoned")]
    assert world.results() == [name for name in ALL if name != "2.png"]


def test_an_executor_that_is_away_for_a_while_is_waited_for(world: World) -> None:
    class Away(FakeExecutor):
        times = 3

        def send(self, photos: Sequence[CheckedSample]) -> str:
            self.times -= 1
            if self.times > 0:
                raise StorageError("away")
            return super().send(photos)

    world.run(Away())
    assert world.results() == ALL


def test_an_executor_that_stays_away_ends_the_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk.dispatch, "LOST_AFTER_S", 0)

    class Away(FakeExecutor):
        def send(self, photos: Sequence[CheckedSample]) -> str:
            raise StorageError("away")

    with pytest.raises(ExecutorLost):
        world.run(Away())


class Interrupting(FakeExecutor):
    """Ctrl-C while the third chunk is sent."""

    def send(self, photos: Sequence[CheckedSample]) -> str:
        if len(self.sent) == 2:
            raise KeyboardInterrupt
        return super().send(photos)


def test_an_interrupted_run_is_continued(world: World) -> None:
    interrupted = Interrupting()
    with pytest.raises(KeyboardInterrupt):
        world.run(interrupted, chunk=2)
    assert interrupted.open == {}
    record = json.loads((world.out / "manifest.json").read_text())
    assert (record["state"], record["runs"][0]["inputs"]) == ("incomplete", 4)
    executor = FakeExecutor()
    world.run(executor, chunk=2)
    assert len(executor.sent) == 3
    assert world.results() == ALL


def test_a_run_that_is_complete_does_nothing_again(world: World) -> None:
    world.run(FakeExecutor())
    executor = FakeExecutor()
    assert world.run(executor).counts == COUNTS
    assert executor.sent == []


def test_a_chunk_whose_errors_alone_were_written_is_done_again(world: World) -> None:
    (world.out / "errors").mkdir(parents=True)
    (world.out / "errors" / "errors-00000001.jsonl").write_text('{"image": "4.png", "type": "old"}\n')
    world.run(FakeExecutor())
    assert world.errors() == []
    assert world.results() == ALL


@pytest.mark.parametrize(
    ("asked", "chunk", "seed", "limit", "said"),
    [
        (
            ASKED[:1],
            4,
            None,
            None,
            f"services were {','.join(ASKED)}, now {ASKED[0]};",
        ),
        (ASKED, 5, None, None, "chunk was 4, now 5"),
        (ASKED, 4, 1, None, "order was source, now shuffled 1"),
        (ASKED, 4, None, 9, "limit was not set, now 9"),
    ],
)
def test_another_run_does_not_mix_with_the_parts_of_the_first(
    world: World, asked: Sequence[str], chunk: int, seed: int | None, limit: int | None, said: str
) -> None:
    world.run(FakeExecutor())
    with pytest.raises(IncompatibleRun, match=said):
        world.run(FakeExecutor(), asked=asked, chunk=chunk, seed=seed, limit=limit)
    world.run(FakeExecutor(), asked=asked, chunk=chunk, seed=seed, limit=limit, resume=False)


def test_other_models_do_not_mix_with_the_parts_of_the_first(world: World) -> None:
    class Other(FakeExecutor):
        def models(self) -> dict[str, str]:
            return {"yunet": "cc"}

    world.run(FakeExecutor())
    with pytest.raises(IncompatibleRun, match="the models were other ones: yunet") as refused:
        world.run(Other())
    assert "aa" not in str(refused.value).partition("the models")[2], "a hash says nothing to people"


def test_a_run_that_is_complete_is_known_without_an_executor(world: World) -> None:
    request, validator, output = world.request(), world.validator(), Output(world.out)
    assert completed(request, validator, {"yunet": "aa"}, output) is None
    with pytest.raises(KeyboardInterrupt):
        world.run(Interrupting())
    assert completed(request, validator, {"yunet": "aa"}, output) is None
    world.run(FakeExecutor())
    record = completed(request, validator, {"yunet": "aa"}, output)
    assert record is not None
    assert record.counts == COUNTS
    assert completed(world.request(resume=False), validator, {"yunet": "aa"}, output) is None
    with pytest.raises(IncompatibleRun, match="models"):
        completed(request, validator, {"yunet": "cc"}, output)
    next(world.out.glob("parts/*")).unlink()
    assert completed(request, validator, {"yunet": "aa"}, output) is None
    (world.photos / "00.png").write_bytes(PHOTO)
    with pytest.raises(IncompatibleRun, match="the source has changed"):
        completed(request, validator, {"yunet": "aa"}, output)


def test_the_progress_counts_the_photos_that_were_done_before(world: World) -> None:
    world.run(FakeExecutor())
    next(world.out.glob("parts/part-00000001-*")).unlink()
    progress = Counting()
    world.run(FakeExecutor(), progress=progress)
    assert (progress.before, progress.now) == (6, 4)


def test_csv_has_the_rows_of_parquet(world: World) -> None:
    world.run(FakeExecutor())
    tables = [pq.read_table(path) for path in sorted(world.out.glob("parts/part-*.parquet"))]
    request, output = world.request(form="csv", resume=False), Output(world.out)
    with output.taken():
        record = run(request, world.validator(), FakeExecutor(), output, 2, Counting())
    assert record.counts == COUNTS
    rows = [list(csv.reader(path.read_text().splitlines())) for path in sorted(world.out.glob("parts/part-*.csv"))]
    assert [part[0] for part in rows] == [table.schema.names for table in tables]
    assert [row[0] for part in rows for row in part[1:]] == ALL


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_a_photo_keeps_the_cells_of_the_objects_that_a_failed_detector_would_have_replaced(
    world: World, form: FormatName
) -> None:
    def answer(_executor: FakeExecutor, photos: Sequence[CheckedSample]) -> Outcome:
        items = [Item(sample=Sample(size=(4, 3), objects=[SampleObject(bbox=(0, 0, 1, 1))])) for _ in photos]
        AgeEstimator.output.put(items[0].sample.objects[0], 30.4)
        items[0].failures.append(Failure(service=LIVENESS, type="several_faces", message="two"))
        LIVENESS_OUTPUT.put(items[1].sample.objects[0], Liveness(0.9, "real"))
        return Outcome(items)

    asked = (*ASKED, LIVENESS)
    world.run(FakeExecutor(answer), asked=asked, form=form, on_error="continue", limit=2)
    failed, found = world.cells("bbox_x2", "age", "liveness")
    # The module of the second detector gives no box, though the objects in the sample have one.
    assert (failed, found) == (["1.0", "30", ""], ["", "", "real"])
    world.run(FakeExecutor(), asked=asked, form=form, limit=2, resume=False)
    assert world.columns() == [*PHOTO_COLUMNS, "liveness", "liveness_confidence"]


def test_files_that_are_no_photos_are_in_the_manifest(world: World) -> None:
    for name in ("a.gif", "b.gif", "c.PSD", ".hidden.png", "notes"):
        (world.photos / name).touch()
    world.run(FakeExecutor())
    assert json.loads((world.out / "manifest.json").read_text())["counts"]["passed_over"] == {
        ".gif": {"count": 2, "first": "a.gif"},
        ".psd": {"count": 1, "first": "c.PSD"},
        "hidden": {"count": 1, "first": ".hidden.png"},
        "no suffix": {"count": 1, "first": "notes"},
    }
    assert world.results() == ALL


def test_each_photo_of_the_listing_has_a_row_or_an_error_whatever_happens_to_it_during_the_run(world: World) -> None:
    def answer(executor: FakeExecutor, photos: Sequence[CheckedSample]) -> Outcome:
        if len(executor.sent) == 1:
            (world.photos / "5.png").unlink()
            (world.photos / "6.png").write_text("no photo")
            (world.photos / "7.png").unlink()
            (world.photos / "7.png").mkdir()
            (world.photos / "8.png").unlink()
            (world.photos / "8.png").symlink_to("8.png")
        return well(executor, photos)

    world.run(FakeExecutor(answer, by_reference=False))
    assert [name for name, _ in world.errors()] == ["5.png", "6.png", "7.png", "8.png"]
    assert world.results() == [name for name in ALL if name[0] not in "5678"]


@pytest.mark.parametrize("change", ["more", "fewer", "other"])
def test_a_source_that_has_changed_is_noticed(world: World, change: str) -> None:
    world.run(FakeExecutor())
    if change != "more":
        for number in (8, 9):
            (world.photos / f"{number}.png").unlink()
    if change != "fewer":
        (world.photos / "00.png").write_bytes(PHOTO)
    with pytest.raises(IncompatibleRun, match="the source has changed"):
        world.run(FakeExecutor())


def test_parts_without_a_record_are_left_alone(world: World) -> None:
    world.run(FakeExecutor())
    (world.out / "manifest.json").unlink()
    with pytest.raises(IncompatibleRun, match=r"no manifest\.json"):
        world.run(FakeExecutor())


def test_two_runs_do_not_share_a_folder(world: World) -> None:
    with Output(world.out).taken(), pytest.raises(OutputTaken):
        world.run(FakeExecutor())


def test_a_shuffled_run_holds_every_photo_once(world: World) -> None:
    world.run(FakeExecutor(), seed=3)
    assert world.results() != ALL
    assert sorted(world.results()) == ALL


def test_the_same_results_are_the_same_bytes(world: World) -> None:
    world.run(FakeExecutor())
    first = {path.name: path.read_bytes() for path in world.out.glob("parts/*")}
    world.run(FakeExecutor(), resume=False)
    assert {path.name: path.read_bytes() for path in world.out.glob("parts/*")} == first


def test_a_manifest_whose_columns_clash_is_refused(world: World) -> None:
    manifest = world.photos.parent / "photos.csv"
    manifest.write_text("path,age,given_age\nphotos/0.png,1,2\n")
    world.photos = manifest
    with pytest.raises(InvalidSource, match="given_age"):
        world.run(FakeExecutor())


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
@pytest.mark.parametrize("by_reference", [True, False, None])
def test_strange_names_in_a_manifest_are_errors_of_their_own_photos(
    world: World, form: FormatName, by_reference: bool | None
) -> None:
    strange = ["a\udc80.jpg", "a\ud800.jpg", "a\0.jpg", "file:///a\ud800.jpg", "file:///a%00.jpg", "s3://b/a\ud800.jpg"]
    rows = [{"path": name, "note": f"{name}\0"} for name in [*strange, "1.png", "2.png"]]
    manifest = world.photos / "list.jsonl"
    manifest.write_text("\n".join(map(json.dumps, rows)))
    world.photos = manifest
    executor = FakeExecutor(unless_there, by_reference=by_reference)
    record = world.run(executor, chunk=3, form=form)
    assert record.counts is not None
    assert (record.counts["rows"], record.counts["failed"]) == (2, len(strange))
    assert {kind for _, kind in world.errors()} == {"unreachable_reference"}
    assert record.counts == world.run(FakeExecutor(), chunk=3, form=form).counts


def unless_there(_: FakeExecutor, photos: Sequence[CheckedSample]) -> Outcome:
    """Each photo that is there has one face; a photo that is not is not reached."""
    items = well(_, photos).items or []
    there = (
        photo.image is not None or Path(Reference.parse(str(photo.reference)).location).exists() for photo in photos
    )
    return Outcome([item if found else dead("unreachable_reference") for item, found in zip(items, there, strict=True)])


def test_a_source_whose_path_is_no_text_is_recorded(world: World) -> None:
    world.photos = world.photos.rename(world.photos.with_name(os.fsdecode(b"caf\xe9")))
    counts = world.run(FakeExecutor()).counts
    assert counts == COUNTS
    assert world.run(FakeExecutor()).counts == counts
