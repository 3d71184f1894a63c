"""What a batch has come to, row by row: one job after the other is read, so that memory stays flat."""

from collections.abc import Iterator
from heapq import merge
from typing import Any

from api.errors import JobFailed
from pipelines.answer import write_answer
from pipelines.batch import Batch, Part
from pipelines.batch_store import BatchStore
from pipelines.chunk import Failure
from pipelines.job import JobData, JobStatus
from pipelines.job_store import JobStore

PAGE = 500

Row = dict[str, Any]


def result_rows(batch: Batch, jobs: JobStore) -> Iterator[Row]:
    """The samples that have a result, in the order in which they came.

    Raises:
        JobFailed: a result went while it was to be read: what was read before is not all.
        StorageError: the store did not answer.
    """
    for part in batch.parts:
        if part.job is None or part.status is not JobStatus.SUCCEEDED:
            continue
        data = _data(part, jobs)
        if data.result is None:
            raise JobFailed.because(JobStatus.EXPIRED)
        for index, (item, name) in enumerate(zip(data.result.items, _names(data), strict=True)):
            if not item.dead:
                image = jobs.image(item.blob) if part.job.spec.include_image and item.blob else None
                yield {**name, "result": write_answer(part.job.spec, data, image, index)}


def error_rows(batch: Batch, jobs: JobStore, store: BatchStore) -> Iterator[Row]:
    """The requests that have come to no result, and why, in the order in which they came.

    Raises:
        JobFailed: an error went while it was to be read.
        StorageError: the store did not answer.
    """
    refused = _refusals(batch, store)
    failed = (row for part in batch.parts for row in _failures(part, jobs))
    return merge(refused, failed, key=lambda row: row["line"])


def _refusals(batch: Batch, store: BatchStore) -> Iterator[Row]:
    for start in range(0, batch.refused, PAGE):
        for refusal in store.refusals(batch.spec.id, start, PAGE):
            yield _error(refusal.custom_id, refusal.line, refusal.type, refusal.detail)


def _failures(part: Part, jobs: JobStore) -> Iterator[Row]:
    ended = part.status in (JobStatus.FAILED, JobStatus.CANCELED)
    if part.job is None or not (ended or (part.status is JobStatus.SUCCEEDED and part.job.dead)):
        return
    data = _data(part, jobs)
    canceled = Failure(service=None, type="canceled", message="the batch was canceled")
    whole = part.job.failure or canceled
    for index, name in enumerate(_names(data)):
        item = data.result.items[index] if data.result else None
        if item is None or item.dead:
            failure = item.failures[-1] if item else whole
            yield _error(name["custom_id"], name["line"], failure.type, failure.message)


def _data(part: Part, jobs: JobStore) -> JobData:
    data = jobs.data(part.job_id)
    if data is None:
        raise JobFailed.because(JobStatus.EXPIRED)
    return data


def _names(data: JobData) -> list[Row]:
    named = data.metadata or {}
    return [
        {"custom_id": custom_id, "line": line}
        for custom_id, line in zip(named["custom_ids"], named["lines"], strict=True)
    ]


def _error(custom_id: str | None, line: int, kind: str, detail: Any) -> Row:
    return {"custom_id": custom_id, "line": line, "type": kind, "detail": detail}
