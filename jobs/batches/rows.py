"""The results and the errors of a batch, one after another. One job is read at a time, so memory use does not grow."""

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge
from typing import Any

from pydantic_core import to_json

from jobs.answer import write_answer
from jobs.batches.batch import Batch, BatchJob
from jobs.batches.store import BatchStore
from jobs.errors import JobFailed
from jobs.job import JobData, JobSpec, JobStatus, RequestPosition
from jobs.store import JobStore
from pipelines.chunk import Failure, Item

REFUSALS_AT_ONCE = 500
CANCELED = Failure(service=None, type="canceled", message="the batch was canceled")
EXPIRED = Failure(
    service=None, type="expired", message="the batch reached its deadline before this request was done: send it again"
)

BatchRow = dict[str, Any]
ERROR_COLUMNS = ("custom_id", "line", "service", "type", "detail", "shared")
"""The keys of a row of `error_rows`."""


@dataclass(frozen=True, slots=True)
class RequestResult:
    """A request of a batch that has a result.

    Attributes:
        spec: of its job.
        data: of its job; they have the result.
        index: of its item in the job.
    """

    spec: JobSpec
    data: JobData
    request: RequestPosition
    item: Item
    index: int

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields that the result has: those of the services that did not fail on the sample."""
        return self.spec.plan.without({failure.service for failure in self.item.failures}).fields


def request_results(batch: Batch, jobs: JobStore) -> Iterator[RequestResult]:
    """The requests that have a result, in the order in which they came.

    Raises:
        JobFailed: a result was deleted while the rows were read: the rows so far are not all.
        StorageError: the store did not answer.
    """
    for batch_job in batch.jobs:
        if batch_job.job is None or batch_job.status is not JobStatus.SUCCEEDED:
            continue
        data = _data(batch_job, jobs)
        if data.result is None:
            raise JobFailed.because(JobStatus.EXPIRED)
        for index, (item, request) in enumerate(zip(data.result.items, data.requests, strict=True)):
            if not item.failed:
                yield RequestResult(batch_job.job.spec, data, request, item, index)


def result_rows(batch: Batch, jobs: JobStore) -> Iterator[BatchRow]:
    """The results as rows of JSON, each with its enriched sample.

    Raises:
        JobFailed: see `request_results`.
        StorageError: the store did not answer.
    """
    for request_result in request_results(batch, jobs):
        image = (
            jobs.image(request_result.item.blob)
            if request_result.spec.include_image and request_result.item.blob
            else None
        )
        height, width = request_result.item.sample.size or (None, None)
        size = {"image_width": width, "image_height": height}
        yield {
            **_named(request_result.request),
            **size,
            "result": write_answer(request_result.spec, request_result.data, image, request_result.index),
        }


def error_rows(batch: Batch, jobs: JobStore, store: BatchStore) -> Iterator[BatchRow]:
    """The requests that have no result, and why, in the order in which they came.

    Raises:
        JobFailed: an error was deleted while the rows were read.
        StorageError: the store did not answer.
    """
    refused = _refusals(batch, store)
    now = store.now()
    failed = (row for batch_job in batch.jobs for row in _failures(batch_job, jobs, late=batch.late(batch_job, now)))
    return merge(refused, failed, key=lambda row: row["line"])


def given_fields(batch: Batch) -> set[str]:
    """The names of the fields that any result of the batch may have, also of jobs that are not done."""
    specs = [one.job.spec for one in batch.jobs if one.job]
    return {name for spec in specs for name in spec.plan.possible_fields(partial=spec.on_error == "continue")}


def flat_error(row: BatchRow) -> BatchRow:
    """A row of `error_rows` for a table: a detail that is not a text is written as JSON."""
    detail = row["detail"]
    return row if detail is None or isinstance(detail, str) else {**row, "detail": to_json(detail).decode()}


def _refusals(batch: Batch, store: BatchStore) -> Iterator[BatchRow]:
    for start in range(0, batch.refused, REFUSALS_AT_ONCE):
        for refusal in store.refusals(batch.spec.id, start, REFUSALS_AT_ONCE):
            yield {
                "custom_id": refusal.custom_id,
                "line": refusal.line,
                "service": None,
                "type": refusal.type,
                "detail": refusal.detail,
                "shared": False,
            }


def _failures(batch_job: BatchJob, jobs: JobStore, *, late: bool) -> Iterator[BatchRow]:
    ended = late or batch_job.status in (JobStatus.FAILED, JobStatus.CANCELED)
    if batch_job.job is None or not (ended or (batch_job.status is JobStatus.SUCCEEDED and batch_job.job.failed_items)):
        return
    if late and jobs.data(batch_job.job_id) is None:
        # Nothing asked for the batch between its deadline and the end of the job's TTL.
        return
    data = _data(batch_job, jobs)
    job_failure = EXPIRED if late else batch_job.job.failure or CANCELED
    shared = data.result is None and job_failure is batch_job.job.failure and batch_job.requests > 1
    for index, request in enumerate(data.requests):
        item = data.result.items[index] if data.result else None
        if item is None or item.failed:
            failure = item.failures[-1] if item else job_failure
            why = {"service": failure.service, "type": failure.type, "detail": failure.message}
            yield {**_named(request), **why, "shared": shared}


def _data(batch_job: BatchJob, jobs: JobStore) -> JobData:
    data = jobs.data(batch_job.job_id)
    if data is None:
        raise JobFailed.because(JobStatus.EXPIRED)
    return data


def _named(request: RequestPosition) -> BatchRow:
    return {"custom_id": request.custom_id, "line": request.line}
