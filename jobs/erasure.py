"""Erases all jobs and batches of an owner."""

from typing import NamedTuple

from jobs.batches.service import BatchService
from jobs.errors import RecordUnreadable
from jobs.service import JobService

AT_ONCE = 100


class Erased(NamedTuple):
    """How many jobs and batches were erased; jobs of batches are not counted."""

    jobs: int
    batches: int


def erase_everything(jobs: JobService, batches: BatchService, owner: str | None) -> Erased:
    """End and erase all jobs and batches of an owner, with their idempotency keys. No tombstones stay.

    What is submitted meanwhile may stay. An erasure that was interrupted can be repeated.

    Args:
        jobs: of the deployment.
        batches: of the deployment.
        owner: None erases the jobs and batches of all owners.

    Raises:
        StorageError: the store did not answer.
    """
    erased_batches = 0
    while batch_ids := batches.store.recent(AT_ONCE, None, owner)[0]:
        for batch_id in batch_ids:
            batches.erase_listed(batch_id, owner)
        erased_batches += len(batch_ids)
    erased_jobs = 0
    while job_ids := jobs.store.listed(AT_ONCE, owner):
        for job_id in job_ids:
            _erase_job(jobs, job_id, owner)
        erased_jobs += len(job_ids)
    # Also keys whose job or batch could not be read.
    for store in (jobs.store, batches.store):
        store.idempotency_keys.erase_of(owner)
    return Erased(erased_jobs, erased_batches)


def _erase_job(jobs: JobService, job_id: str, owner: str | None) -> None:
    try:
        job = jobs.store.find(job_id)
    except RecordUnreadable:
        job = None
    if job is None:
        jobs.store.erase_unreadable(job_id, owner)
    else:
        jobs.store.erase(job.spec, tombstone=False)
