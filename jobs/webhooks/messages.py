"""The messages that receivers get, in the form of Standard Webhooks: type, timestamp, data."""

from datetime import UTC, datetime

from pydantic import BaseModel
from pydantic import Field as Key

from jobs.answer import JobSnapshot
from jobs.batches.batch import Batch, BatchStatus
from jobs.job import JobStatus
from jobs.webhooks.webhook import BatchEvent, JobEvent
from pipelines.dialects.sample_schema import ResultJson


class JobEnd(BaseModel):
    """How a job ended."""

    id: str = Key(description="of the job")
    status: JobStatus = Key(description="how it ended")
    url: str = Key(description="where the job is fetched; a path, unless the deployment knows its own URL")
    result: ResultJson | None = Key(
        None, description="the enriched sample, if the webhook includes it and the job has succeeded"
    )


class JobMessage(BaseModel):
    """A job has ended."""

    type: JobEvent = Key(description="what happened")
    timestamp: datetime = Key(description="when the job ended")
    data: JobEnd = Key(description="the job")


class BatchEnd(BaseModel):
    """How a batch ended."""

    id: str = Key(description="of the batch")
    status: BatchStatus = Key(description="how it ended")
    url: str = Key(description="where the batch is fetched; a path, unless the deployment knows its own URL")


class BatchMessage(BaseModel):
    """A batch has ended."""

    type: BatchEvent = Key(description="what happened")
    timestamp: datetime = Key(description="when the batch ended")
    data: BatchEnd = Key(description="the batch")


def job_message(snapshot: JobSnapshot, api_url: str, *, include_result: bool) -> JobMessage:
    """The message about a job that is over and whose data are not deleted.

    Args:
        snapshot: of the job.
        api_url: of the API, or empty.
        include_result: whether the message has the result.
    """
    job = snapshot.job
    return JobMessage(
        type=JobEvent(f"job.{job.status}"),
        timestamp=datetime.fromtimestamp(job.finished_at or job.spec.created_at, UTC),
        data=JobEnd(
            id=job.spec.id,
            status=job.status,
            url=f"{api_url}/jobs/{job.spec.id}",
            result=snapshot.sample if include_result else None,
        ),
    )


def batch_message(batch: Batch, api_url: str, now: float) -> BatchMessage:
    """The message about a batch that is over and was not erased; see `job_message`."""
    status = batch.status(now)
    return BatchMessage(
        type=BatchEvent(f"batch.{status}"),
        timestamp=datetime.fromtimestamp(batch.finished_at(now) or batch.touched_at, UTC),
        data=BatchEnd(id=batch.spec.id, status=status, url=f"{api_url}/batches/{batch.spec.id}"),
    )
