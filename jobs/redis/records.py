"""The state of a job, as it lies in a hash."""

from collections.abc import Mapping
from time import time

from jobs.job import Job, JobSpec, JobStatus, ServiceProgress, progress_of
from pipelines.chunk import Failure


def read_job(record: Mapping[bytes, bytes]) -> Job:
    """The job of a record that is not empty."""
    spec = JobSpec.model_validate_json(record[b"spec"])
    status = JobStatus(record[b"status"].decode())
    expires_at = number(record, b"expires_at")
    if expires_at is not None and expires_at <= time():
        status = JobStatus.EXPIRED
    done = int(record[b"done"])
    noted = {
        place: ServiceProgress.model_validate_json(record[key])
        for place, _ in enumerate(spec.plan.services)
        if (key := f"service:{place}".encode()) in record
    }
    running_stage = spec.stages[done] if f"tries:{done}".encode() in record else None
    failure = record.get(b"failure")
    return Job(
        spec=spec,
        status=status,
        services=progress_of(spec, status, noted, running_stage),
        done=done,
        dead=int(record.get(b"dead", 0)),
        failure=Failure.model_validate_json(failure) if failure else None,
        started_at=number(record, b"started_at"),
        finished_at=number(record, b"finished_at"),
        expires_at=expires_at,
    )


def number(record: Mapping[bytes, bytes], key: bytes) -> float | None:
    """A number of a record; None if it is not there."""
    return float(record[key]) if key in record else None
