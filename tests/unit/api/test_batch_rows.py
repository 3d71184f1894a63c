from dataclasses import replace
from time import time

import pytest

from api.batch_rows import error_rows, result_rows
from api.errors import JobFailed
from pipelines.batch import Batch, BatchSpec, Refusal
from pipelines.chunk import Chunk, Failure
from pipelines.job import Ending, JobStatus
from pipelines.settings import JobSettings
from tests.fakes.batch_store import MemoryBatchStore
from tests.fakes.job_store import MemoryJobStore
from tests.fakes.jobs import new_job

FAILURE = Failure(service="age-estimator", type="model_error", message="no")


class Filled:
    """A batch whose jobs have two samples each."""

    def __init__(self) -> None:
        self.jobs = MemoryJobStore(JobSettings())
        self.store = MemoryBatchStore(self.jobs)
        self.spec = BatchSpec(id="batch", created_at=time(), ttl_s=60, silence_s=10)
        self.store.create(self.spec)

    def add(self, lines: tuple[int, int], ending: Ending | None) -> None:
        named = {"custom_ids": [f"n{line}" for line in lines], "lines": list(lines)}
        job = replace(new_job(images=(b"a", b"b")), metadata=named)
        self.store.add(self.spec, job.spec.id, 2, time())
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
    if second_dead:
        chunk.items[1].dead, chunk.items[1].failures = True, [FAILURE]
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
        made.store.refuse(made.spec, Refusal(line=line, custom_id=None, type="invalid_sample", detail=[]), time())
    return made


def test_the_results_are_those_of_the_samples_that_live(filled: Filled) -> None:
    rows = list(result_rows(filled.batch, filled.jobs))
    assert [(row["custom_id"], row["line"]) for row in rows] == [("n1", 1), ("n2", 2), ("n4", 4)]
    assert all(row["result"]["note"] == "ü" for row in rows)


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


def test_rows_that_are_erased_while_they_are_read_break_the_stream(filled: Filled) -> None:
    batch = filled.batch
    rows = result_rows(batch, filled.jobs)
    assert next(rows)["line"] == 1
    for part in batch.parts:
        assert part.job is not None
        filled.jobs.erase(part.job.spec, tombstone=False)
    with pytest.raises(JobFailed):
        list(rows)
