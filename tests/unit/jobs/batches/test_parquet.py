import csv
from collections.abc import Iterable, Sequence
from io import BytesIO, StringIO
from time import time

import pyarrow as pa
import pyarrow.parquet as pq

from config.settings import JobSettings
from jobs.batches import delimited
from jobs.batches.batch import Batch, BatchSpec
from jobs.batches.parquet import write_error_rows, write_results
from jobs.batches.rows import BatchRow, request_results
from jobs.job import Ending, JobStatus, OnError, RequestPosition
from models.service import ObjectClass
from pipelines.chunk import Failure
from pipelines.sample import SampleObject
from pipelines.tables.sample_table import SampleTable
from tests.fakes.batch_store import MemoryBatchStore
from tests.fakes.job_store import MemoryJobStore
from tests.fakes.jobs import new_job

FITTER = "face-detector-face-fitter"
LIVENESS = "face-detector-liveness-estimator"
LINE = {"line": pa.int64()}


class Written:
    """A batch with a job for each call of `add`."""

    def __init__(self) -> None:
        self._jobs = MemoryJobStore(JobSettings())
        self._store = MemoryBatchStore(self._jobs)
        self._spec = BatchSpec(id="batch", created_at=time(), ttl_s=60, silence_s=10, deadline_s=1000)
        self._store.create(self._spec)
        self._requests = 0

    def add(
        self,
        asked: Sequence[str],
        *found: SampleObject,
        find_faces: bool = False,
        over: bool = True,
        on_error: OnError = "fail",
        failed: str | None = None,
    ) -> None:
        self._requests += 1
        request = RequestPosition(custom_id=f"n{self._requests}", line=self._requests)
        job = new_job(asked, requests=[request], find_faces=find_faces, on_error=on_error)
        (item,) = job.chunk.items
        item.sample.size, item.sample.objects = (20, 40), list(found)
        if failed:
            item.failures.append(Failure(service=failed, type="model_error", message="no"))
        self._store.add_job(self._spec, job.spec.id, 1, time())
        self._jobs.create(job)
        if over:
            self._jobs.finish(job.spec, Ending(JobStatus.SUCCEEDED, result=job.chunk), {}, time())

    def table(self) -> pa.Table:
        return read(write_results(self._batch, request_results(self._batch, self._jobs)))

    def csv_rows(self) -> list[dict[str, str]]:
        pieces = delimited.write_results(self._batch, request_results(self._batch, self._jobs))
        return list(csv.DictReader(StringIO(b"".join(pieces).decode(), newline="")))

    @property
    def _batch(self) -> Batch:
        batch = self._store.find(self._spec.id)
        assert batch is not None
        return batch


def read(pieces: Iterable[bytes]) -> pa.Table:
    return pq.read_table(BytesIO(b"".join(pieces)))


def face(number: int = 0, age: float | None = None, object_class: ObjectClass = "face") -> SampleObject:
    return SampleObject(id=number, object_class=object_class, bbox=(0, 0, 0.5, 1), age=age)


def test_the_name_of_a_photo_is_the_custom_id_and_each_object_is_a_row() -> None:
    written = Written()
    written.add([FITTER, "age-estimator"], face(0, 30.6), face(1, 20.2))
    table = written.table()
    rows = table.select(["image", "image_width", "image_height", "object", "class", "bbox_x2", "age", "line"])
    common = {"image": "n1", "image_width": 40, "image_height": 20, "class": "face", "bbox_x2": 0.5, "line": 1}
    assert rows.to_pylist() == [{**common, "object": 0, "age": 31}, {**common, "object": 1, "age": 20}]


def test_a_sample_without_objects_has_one_row() -> None:
    written = Written()
    written.add([FITTER])
    (row,) = written.table().to_pylist()
    assert (row["image"], row["image_width"], row["object"], row["line"]) == ("n1", 40, None, 1)


def test_the_columns_are_those_of_the_fields_of_all_jobs_also_of_those_that_are_not_done() -> None:
    written = Written()
    written.add(["body-detector"], face(object_class="body"))
    written.add([FITTER, "age-estimator"], face(age=30))
    written.add([FITTER, "gender-estimator"], over=False)
    table = written.table()
    body, person = table.to_pylist()
    fields = {
        name for asked in (FITTER, "age-estimator", "gender-estimator") for name in new_job([asked]).spec.plan.fields
    }
    assert table.schema == SampleTable(fields, LINE).schema
    assert (body["class"], body["age"], person["class"], person["age"]) == ("body", None, "face", 30)


def test_a_field_that_the_caller_did_not_ask_for_is_null_and_has_no_column_if_no_request_asks_for_it() -> None:
    written = Written()
    written.add(["age-estimator"], face(age=30), find_faces=True)
    assert "bbox_x1" not in written.table().column_names
    written.add([FITTER], face())
    assert written.table().column("bbox_x2").to_pylist() == [None, 0.5]


def test_objects_that_a_failed_detector_would_have_replaced_keep_their_cells() -> None:
    written = Written()
    asked = [FITTER, "age-estimator", LIVENESS]
    written.add(asked, face(age=30), on_error="continue", failed=LIVENESS)
    written.add(asked, face(), on_error="continue")
    table = written.table()
    cells = table.select(["failures", "bbox_x2", "age", "liveness"]).to_pylist()
    assert cells[0] == {"failures": f"{LIVENESS}: no", "bbox_x2": 0.5, "age": 30, "liveness": None}
    assert (cells[1]["failures"], cells[1]["age"]) == (None, None)
    rows = written.csv_rows()
    assert list(rows[0]) == table.column_names
    assert [(row["age"], row["bbox_x2"]) for row in rows] == [("30", "0.5"), ("", "0.5")]


def test_the_columns_are_the_same_where_a_failed_service_ends_the_request() -> None:
    written = Written()
    written.add([FITTER, "age-estimator", "body-detector"], face(object_class="body"))
    assert written.table().schema == SampleTable(["bbox", "confidence"], LINE).schema


def test_a_batch_without_results_has_the_columns_of_the_photo() -> None:
    table = Written().table()
    assert (table.num_rows, table.schema) == (0, SampleTable((), LINE).schema)


def test_a_detail_of_an_error_that_is_no_text_is_json() -> None:
    row: BatchRow = {"custom_id": "ü", "line": 1, "service": None, "type": "invalid_image", "shared": False}
    table = read(write_error_rows([{**row, "detail": "cut off"}, {**row, "detail": [{"loc": ["body"]}]}]))
    assert table.column_names == ["custom_id", "line", "service", "type", "detail", "shared"]
    assert table.to_pylist() == [{**row, "detail": "cut off"}, {**row, "detail": '[{"loc":["body"]}]'}]
