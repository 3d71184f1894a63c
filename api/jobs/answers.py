"""What is answered of a job; made in the thread that has read it."""

from fastapi import Response

from api.errors import JobFailed, PartOfBatch
from api.front import Front
from api.jobs.schemas import view_job
from api.responses import SampleResponse
from jobs.answer import write_answer
from jobs.job import Job, JobData, JobStatus


def refuse_erased(job: Job) -> None:
    """Tell a job that somebody erased from others.

    Raises:
        JobFailed: it was erased.
    """
    if job.status is JobStatus.ERASED:
        raise JobFailed.because(job.status)


def refuse_part(job: Job) -> None:
    """Tell a part of a batch from jobs of their own.

    Raises:
        PartOfBatch: it is one.
    """
    if job.spec.batch is not None:
        raise PartOfBatch(f"the job is a part of batch {job.spec.batch}, and is fetched, ended and erased with it")


def result_of(front: Front, job: Job) -> tuple[JobData | None, dict[str, object] | None]:
    """What its caller gave with a job, and the enriched sample; None where there is none, or none is shown."""
    if job.status is JobStatus.EXPIRED or job.spec.batch is not None:
        return None, None
    data = front.store.data(job.spec.id)
    if data is None or data.result is None or job.status is not JobStatus.SUCCEEDED:
        return data, None
    image = front.store.image(job.spec.blobs[0]) if job.spec.include_image and job.spec.blobs else None
    return data, write_answer(job.spec, data, image)


def job_answer(front: Front, job: Job) -> Response:
    """How a job stands; with its result once it has succeeded.

    Raises:
        JobFailed: it was erased.
    """
    refuse_erased(job)
    data, result = result_of(front, job)
    return SampleResponse(view_job(job, data.metadata if data else None, result))


def taken_answer(job: Job) -> Response:
    """How a job stands, without its result, and where to look for it.

    Raises:
        JobFailed: it was erased.
    """
    refuse_erased(job)
    headers = {"Location": f"/jobs/{job.spec.id}", "Retry-After": "1"}
    return SampleResponse(view_job(job, None, None), 202, headers)
