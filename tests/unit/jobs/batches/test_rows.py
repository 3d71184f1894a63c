from dataclasses import replace
from time import time

import pytest

from config.settings import JobSettings
from jobs.batches.batch import Batch, BatchSpec, Refusal
from jobs.batches.rows import error_rows, result_rows
from jobs.errors import JobFailed
from jobs.job import Ending, JobStatus, RequestPosition
from pipelines.chunk import Chunk, Failure
from tests.fakes.batch_store import MemoryBatchStore
from tests.fakes.job_store import MemoryJobStore
from tests.fakes.jobs import new_job

FAILURE = Failure(service="age-estimator", type="model_error", message="no")


class Filled:
    """A batch whose jobs have samples at some lines each."""

    def __init__(self) -> None:
        self.jobs = MemoryJobStore(JobSettings())
        self.store = MemoryBatchStore(self.jobs)
        self.spec = BatchSpec(id="batch", created_at=time(), ttl_s=60, silence_s=10, deadline_s=1000)
        self.store.create(self.spec)

    def add(self, lines: tuple[int, ...], ending: Ending | None) -> None:
        requests = [RequestPosition(custom_id=f"n{line}", line=line) for line in lines]
        job = new_job(images=(b"a",) * len(lines), requests=requests)
        self.store.add_job(self.spec, job.spec.id, len(lines), time())
        self.jobs.create(job)
        if ending:
            self.jobs.finish(job.spec, ending, {}, time())

    @property
    def batch(self) -> Batch:
        found = self.store.find(self.spec.id)
        assert found is not None
        return found


def result(*, second_dead: bool = False) -> Chunk:
    chunk = new_job(images=(b"a", b"b")).chunk
    for item in chunk.items:
        item.sample.size = (20, 40)
    if second_dead:
        chunk.items[1].failed, chunk.items[1].failures = True, [FAILURE]
    return chunk


@pytest.fixture
def filled() -> Filled:
    """One job of each kind, and refusals in between."""
    made = Filled()
    made.add((1, 2), Ending(JobStatus.SUCCEEDED, result=result()))
    made.add((4, 5), Ending(JobStatus.SUCCEEDED, result=result(second_dead=True)))
    made.add((6, 8), Ending(JobStatus.CANCELED))
    made.add((9, 10), Ending(JobStatus.FAILED, failure=FAILURE))
    made.add((11, 12), None)
    for line in (3, 7):
        made.store.add_refusal(made.spec, Refusal(line=line, custom_id=None, type="invalid_sample", detail=[]), time())
    return made


def test_the_results_are_those_of_the_samples_that_live(filled: Filled) -> None:
    rows = list(result_rows(filled.batch, filled.jobs))
    assert [(row["custom_id"], row["line"]) for row in rows] == [("n1", 1), ("n2", 2), ("n4", 4)]
    assert all(row["result"]["note"] == "ü" for row in rows)
    assert all((row["image_width"], row["image_height"]) == (40, 20) for row in rows)


def test_a_result_without_an_image_has_no_size() -> None:
    made = Filled()
    chunk = result()
    chunk.items[0].sample.size = None
    made.add((1, 2), Ending(JobStatus.SUCCEEDED, result=chunk))
    first, second = result_rows(made.batch, made.jobs)
    assert (first["image_width"], second["image_width"]) == (None, 40)


def test_the_errors_tell_all_others_that_are_over_in_their_order(filled: Filled) -> None:
    rows = list(error_rows(filled.batch, filled.jobs, filled.store))
    assert [(row["line"], row["custom_id"], row["type"]) for row in rows] == [
        (3, None, "invalid_sample"),
        (5, "n5", "model_error"),
        (6, "n6", "canceled"),
        (7, None, "invalid_sample"),
        (8, "n8", "canceled"),
        (9, "n9", "model_error"),
        (10, "n10", "model_error"),
    ]
    assert [row["service"] for row in rows if row["type"] == "model_error"] == ["age-estimator"] * 3


def test_only_what_failed_as_a_whole_may_succeed_on_its_own(filled: Filled) -> None:
    filled.add((13,), Ending(JobStatus.FAILED, failure=FAILURE))
    rows = error_rows(filled.batch, filled.jobs, filled.store)
    assert [row["line"] for row in rows if row["shared"]] == [9, 10]


def test_a_failed_job_tells_of_each_sample_why_it_failed(filled: Filled) -> None:
    dead = result(second_dead=True)
    other = Failure(service=None, type="invalid_image", message="cut off")
    dead.items[0].failed, dead.items[0].failures = True, [other]
    filled.add((13, 14), Ending(JobStatus.FAILED, result=dead, failure=other))
    last, end = list(error_rows(filled.batch, filled.jobs, filled.store))[-2:]
    assert (last["type"], last["service"], last["shared"]) == ("invalid_image", None, False)
    assert (end["type"], end["service"], end["shared"]) == ("model_error", "age-estimator", False)


def test_what_was_not_done_in_time_is_expired_and_what_was_done_is_there() -> None:
    late = Filled()
    late.add((1, 2), Ending(JobStatus.SUCCEEDED, result=result()))
    late.add((3, 4), None)
    late.add((5,), Ending(JobStatus.CANCELED))
    late.store.seal(late.spec, time())
    batch = replace(late.batch, spec=late.spec.model_copy(update={"deadline_s": 0}))
    assert [row["line"] for row in result_rows(batch, late.jobs)] == [1, 2]
    rows = list(error_rows(batch, late.jobs, late.store))
    assert [(row["line"], row["type"], row["shared"]) for row in rows] == [
        (3, "expired", False),
        (4, "expired", False),
        (5, "expired", False),
    ]


def test_what_was_found_late_after_all_of_it_was_gone_has_no_rows_and_breaks_none() -> None:
    late = Filled()
    late.add((1, 2), None)
    late.add((3,), None)
    late.store.seal(late.spec, time())
    batch = replace(late.batch, spec=late.spec.model_copy(update={"deadline_s": 0}))
    first = batch.jobs[0].job
    assert first is not None
    late.jobs.erase(first.spec, tombstone=True)
    assert [row["line"] for row in error_rows(batch, late.jobs, late.store)] == [3]


def test_rows_that_are_erased_while_they_are_read_break_the_stream(filled: Filled) -> None:
    batch = filled.batch
    rows = result_rows(batch, filled.jobs)
    assert next(rows)["line"] == 1
    for one in batch.jobs:
        assert one.job is not None
        filled.jobs.erase(one.job.spec, tombstone=False)
    with pytest.raises(JobFailed):
        list(rows)
