"""The state of a job, as it lies in a hash."""

from collections.abc import Mapping
from time import time

from pipelines.chunk import Failure
from pipelines.job import Job, JobSpec, JobStatus, ServiceProgress, ServiceStatus


def read_job(record: Mapping[bytes, bytes]) -> Job:
    """The job of a record that is not empty."""
    spec = JobSpec.model_validate_json(record[b"spec"])
    status = JobStatus(record[b"status"].decode())
    expires_at = _number(record, b"expires_at")
    if expires_at is not None and expires_at <= time():
        status = JobStatus.EXPIRED
    done = int(record[b"done"])
    services = []
    for stage in spec.stages:
        begun = stage.index == done and f"tries:{done}".encode() in record
        for place, _ in enumerate(stage.services, start=stage.first):
            noted = record.get(f"service:{place}".encode())
            services.append(
                ServiceProgress.model_validate_json(noted)
                if noted
                else ServiceProgress(status=_unnoted(status, begun=begun))
            )
    failure = record.get(b"failure")
    return Job(
        spec=spec,
        status=status,
        services=services,
        done=done,
        failure=Failure.model_validate_json(failure) if failure else None,
        started_at=_number(record, b"started_at"),
        finished_at=_number(record, b"finished_at"),
        expires_at=expires_at,
    )


def _unnoted(job: JobStatus, *, begun: bool) -> ServiceStatus:
    if job.over:
        return ServiceStatus.SKIPPED
    return ServiceStatus.RUNNING if begun else ServiceStatus.QUEUED


def _number(record: Mapping[bytes, bytes], key: bytes) -> float | None:
    return float(record[key]) if key in record else None
