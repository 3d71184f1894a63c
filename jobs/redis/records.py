"""Reads job records and pages of sorted lists; the job store and the batch store share it."""

from collections.abc import Mapping
from time import time

from jobs.cursor import Cursor
from jobs.job import Job, JobSpec, JobStatus
from jobs.progress import ServiceProgress, progress_of
from jobs.redis.client import Client
from pipelines.chunk import Failure


def read_job(record: Mapping[bytes, bytes]) -> Job:
    """The job of a record that is not empty."""
    spec = JobSpec.model_validate_json(record[b"spec"])
    status = JobStatus(record[b"status"].decode())
    expires_at = number(record, b"expires_at")
    if expires_at is not None and expires_at <= time():
        status = JobStatus.EXPIRED
    done = int(record[b"done"])
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
