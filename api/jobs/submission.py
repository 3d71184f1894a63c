"""Jobs on their way in."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Annotated

from fastapi import Header, Query, Request, Response

from api.deps import FrontDep
from api.front import Front
from api.jobs.answers import job_answer, taken_answer
from api.jobs.schemas import ImageJobOptions, JobRequest, form_fields, parse_options
from api.uploads import image_of, parse_sample, read_form, read_sample
from jobs.factory import Submission
from jobs.job import Job, NewJob
from pipelines.dialects import DIALECTS, dialect_of
from pipelines.errors import InvalidSample

Wait = Annotated[float, Query(ge=0, le=60, description="Wait so many seconds for the job to end.")]
IdempotencyKey = Annotated[str | None, Header(max_length=255, description="The same key gives the same job.")]


async def submit_sample(
    request: Request, front: FrontDep, idempotency_key: IdempotencyKey = None, wait: Wait = 0
) -> Response:
    """Queue services for a sample. Whoever waits for the end gets what `GET /jobs/{id}` shows then, with 200."""
    raw = await read_sample(request, front.settings.limits)

    def read() -> Submission:
        asked = parse_options(JobRequest, parse_sample(raw))
        services = asked.asked()
        try:
            dialect = dialect_of(front.intake.read_part(services, asked.sample))
        except InvalidSample as error:
            raise error.under("sample") from error
        options = asked.options(front.settings.jobs, front.age_format("number"))
        return Submission(services, asked.sample, dialect, options, at=("sample",))

    return await _submit(front, read, (raw,), idempotency_key, wait)


async def submit_image(
    request: Request, front: FrontDep, idempotency_key: IdempotencyKey = None, wait: Wait = 0
) -> Response:
    """Queue services for an image, as for a sample. The form holds `image`, `services` and the options of a job."""
    form = await read_form(request, front.settings.limits)
    image = await image_of(form)
    fields = form_fields(form)

    def read() -> Submission:
        asked = parse_options(ImageJobOptions, fields)
        options = asked.options(front.settings.jobs, front.age_format("number"))
        return Submission(asked.asked(), {}, DIALECTS[asked.dialect], options, image)

    return await _submit(front, read, (image, repr(sorted(fields.items())).encode()), idempotency_key, wait)


async def _submit(
    front: Front,
    read: Callable[[], Submission],
    request: Sequence[bytes],
    idempotency_key: str | None,
    wait_s: float,
) -> Response:
    def make() -> NewJob:
        job = front.intake.accept(read())
        if idempotency_key is None:
            return job
        fingerprint = sha256(b"".join(sha256(part).digest() for part in request)).hexdigest()
        return replace(job, spec=job.spec.model_copy(update={"claim": idempotency_key}), fingerprint=fingerprint)

    if wait_s:
        return await front.run(
            make, wait_s, lambda job: job_answer(front, job) if job.status.over else taken_answer(job)
        )
    job, job_id = await front.publisher.publish(make)
    return taken_answer(Job.queued(job.spec)) if job_id == job.spec.id else await front.look(job_id, 0, taken_answer)
