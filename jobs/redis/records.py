"""Reads job records and pages of sorted lists; the job store and the batch store share it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from logging import getLogger

from jobs.cursor import Cursor
from jobs.errors import RecordUnreadable
from jobs.job import Job, JobSpec, JobStatus
from jobs.progress import ServiceProgress, progress_of
from jobs.redis.client import Client
from jobs.webhooks.webhook import Delivery, DeliveryStatus
from pipelines.chunk import Failure

log = getLogger(__name__)


@contextmanager
def readable(kind: str, own_id: str) -> Iterator[None]:
    """Turns the errors of a record that cannot be read into `RecordUnreadable`.

    Args:
        kind: "job" or "batch".
        own_id: of the job or batch.

    Raises:
        RecordUnreadable: a field is missing, or has a value that this version does not know.
    """
    try:
        yield
    except (ValueError, LookupError, TypeError) as error:
        raise RecordUnreadable(
            f"the record of {kind} {own_id} cannot be read: it is damaged, or another version of Faceline wrote it"
        ) from error


def read_job(job_id: str, record: Mapping[bytes, bytes], now: float) -> Job:
    """The job of a record that is not empty.

    Args:
        job_id: of the job.
        record: of the job.
        now: the time of the store.

    Raises:
        RecordUnreadable: the record cannot be read.
    """
    with readable("job", job_id):
        return _job(record, now)


def readable_job(job_id: str, record: Mapping[bytes, bytes], now: float) -> Job | None:
    """The job of a record; None for an empty record, and, with a line in the log, for one that cannot be read."""
    try:
        return read_job(job_id, record, now) if record else None
    except RecordUnreadable:
        log.warning("job left out: its record cannot be read", extra={"job": job_id})
        return None


def _job(record: Mapping[bytes, bytes], now: float) -> Job:
    spec = JobSpec.model_validate_json(record[b"spec"])
    status = JobStatus(record[b"status"].decode())
    expires_at = number(record, b"expires_at")
    if expires_at is not None and expires_at <= now:
        status = JobStatus.EXPIRED
    done = int(record[b"done"])
    if not 0 <= done < len(spec.stages) + status.over:
        raise ValueError(f"there is no stage {done}")
    recorded = {
        index: ServiceProgress.model_validate_json(record[key])
        for index, _ in enumerate(spec.plan.services)
        if (key := f"service:{index}".encode()) in record
    }
    running_stage = spec.stages[done] if f"attempts:{done}".encode() in record else None
    failure = record.get(b"failure")
    return Job(
        spec=spec,
        status=status,
        services=progress_of(spec.plan, recorded, running_stage, over=status.over),
        done=done,
        failed_items=int(record.get(b"failed_items", 0)),
        failure=Failure.model_validate_json(failure) if failure else None,
        started_at=number(record, b"started_at"),
        finished_at=number(record, b"finished_at"),
        expires_at=expires_at,
        late_at=number(record, b"late_at"),
        sent=b"unsent" not in record,
        delivery=read_delivery(record) if spec.webhook else None,
    )


def read_delivery(record: Mapping[bytes, bytes]) -> Delivery:
    """How far the delivery of the message about a job or batch with a webhook is."""
    error = record.get(b"webhook_error")
    return Delivery(
        status=DeliveryStatus(record.get(b"webhook_status", b"waiting").decode()),
        attempts=int(record.get(b"webhook_attempts", 0)),
        last_error=error.decode() if error else None,
        next_at=number(record, b"webhook_next_at"),
    )


def number(record: Mapping[bytes, bytes], key: bytes) -> float | None:
    """A number of a record; None if the record does not have it."""
    return float(record[key]) if key in record else None


def read_page(client: Client, key: str, limit: int, after: Cursor | None) -> list[Cursor]:
    """Members of a sorted set of ids by time, the latest first, behind a cursor; fewer than `limit` at the end."""
    rank = client.zrevrank(key, after.id) if after else -1
    if rank is None:  # the member of the cursor was erased meanwhile
        latest = f"({after.created_at}" if after else "+inf"
        found = client.zrevrangebyscore(key, latest, "-inf", start=0, num=limit, withscores=True)
    else:
        found = client.zrevrange(key, rank + 1, rank + limit, withscores=True)
    return [Cursor(created_at, member.decode()) for member, created_at in found]
