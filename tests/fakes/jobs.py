"""Jobs as the API makes them, without an API."""

from collections.abc import Callable, Sequence
from time import time
from uuid import uuid4

from jobs.job import JobGroup, JobSpec, NewJob, OnError, RequestPosition
from jobs.webhooks.webhook import Webhook
from models.catalogue import services
from models.family import ModelFamily
from pipelines.chunk import Chunk, Item
from pipelines.dialects import DIALECTS
from pipelines.plan import plan, stages
from pipelines.sample import Sample

THREE = ("face-detector-face-fitter", "age-estimator", "gender-estimator")
"""Two stages, the second of two services."""


def new_job(
    asked: Sequence[str] = THREE,
    *,
    images: Sequence[bytes] = (b"\x00image",),
    find_faces: bool = False,
    ttl_s: int = 60,
    deadline_s: int = 100,
    include_image: bool = False,
    on_error: OnError = "fail",
    created_at: float | None = None,
    batch: str | None = None,
    owner: str | None = None,
    webhook: Webhook | None = None,
    requests: Sequence[RequestPosition] = (),
    place: Callable[[ModelFamily], str] = lambda family: family.value,
) -> NewJob:
    """A job on some images; its stages are the services of one family, if not placed otherwise."""
    catalogue = services()
    planned = plan(asked, catalogue, Sample(), DIALECTS["v2"], has_image=True, find_faces=find_faces)
    spec = JobSpec(
        id=str(uuid4()),
        plan=planned,
        stages=tuple(stages(planned.services, catalogue, place)),
        dialect="v2",
        images=len(images),
        on_error=on_error,
        include_image=include_image,
        created_at=time() if created_at is None else created_at,
        ttl_s=ttl_s,
        deadline_s=deadline_s,
        group=JobGroup(kind="batch", id=batch) if batch else None,
        owner=owner,
        webhook=webhook is not None,
    )
    chunk = Chunk(items=[Item(sample=Sample(), blob=blob) for blob in spec.blobs])
    sent_samples = [{"note": "ü"} for _ in images]
    return NewJob(spec, chunk, sent_samples, metadata={"mine": 1}, requests=requests, images=images, webhook=webhook)
