"""What a batch has come to, row by row: one job after the other is read, so that memory stays flat."""

from collections.abc import Iterator
from heapq import merge
from time import time
from typing import Any

from api.errors import JobFailed
from jobs.answer import write_answer
from jobs.batches.batch import Batch, Part
from jobs.batches.store import BatchStore
from jobs.job import JobData, JobStatus
from jobs.store import JobStore
from pipelines.chunk import Failure

PAGE = 500
CANCELED = Failure(service=None, type="canceled", message="the batch was canceled")
EXPIRED = Failure(service=None, type="expired", message="the time of the batch was up before this was done")

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
                height, width = item.sample.size or (None, None)
                size = {"image_width": width, "image_height": height}
                yield {**name, **size, "result": write_answer(part.job.spec, data, image, index)}


def error_rows(batch: Batch, jobs: JobStore, store: BatchStore) -> Iterator[Row]:
    """The requests that have come to no result, and why, in the order in which they came.

    Raises:
        JobFailed: an error went while it was to be read.
        StorageError: the store did not answer.
    """
    refused = _refusals(batch, store)
    now = time()
    failed = (row for part in batch.parts for row in _failures(part, jobs, late=batch.late(part, now)))
    return merge(refused, failed, key=lambda row: row["line"])


def _refusals(batch: Batch, store: BatchStore) -> Iterator[Row]:
    for start in range(0, batch.refused, PAGE):
        for refusal in store.refusals(batch.spec.id, start, PAGE):
            yield {
                "custom_id": refusal.custom_id,
                "line": refusal.line,
                "service": None,
                "type": refusal.type,
                "detail": refusal.detail,
                "shared": False,
            }


def _failures(part: Part, jobs: JobStore, *, late: bool) -> Iterator[Row]:
    ended = late or part.status in (JobStatus.FAILED, JobStatus.CANCELED)
    if part.job is None or not (ended or (part.status is JobStatus.SUCCEEDED and part.job.dead)):
        return
    if late and jobs.data(part.job_id) is None:
        # It was found so late that what it held was gone before.
        return
    data = _data(part, jobs)
    whole = EXPIRED if late else part.job.failure or CANCELED
    shared = data.result is None and whole is part.job.failure and part.samples > 1
    for index, name in enumerate(_names(data)):
        item = data.result.items[index] if data.result else None
        if item is None or item.dead:
            failure = item.failures[-1] if item else whole
            why = {"service": failure.service, "type": failure.type, "detail": failure.message}
            yield {**name, **why, "shared": shared}


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
