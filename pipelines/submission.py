"""From what a caller sent to a job that may be queued: everything that can be judged without a model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import time
from typing import Any, Literal

from models.catalogue import services
from models.family import ModelFamily
from models.image_header import check_pixels, read_header
from models.service import DetectingService
from pipelines.chunk import Chunk, Item
from pipelines.dialects import Dialect
from pipelines.dialects.v1 import V1
from pipelines.encoding import decode_base64
from pipelines.errors import Detail, InvalidSample, PayloadTooLarge
from pipelines.job import JobSpec, NewJob, Priority, new_job_id
from pipelines.plan import check_services, plan
from pipelines.settings import JobSettings, LimitSettings

PLACEHOLDER: list[dict[str, Any]] = [{}]
"""Sent instead of faces in v1: find them yourself."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a job is run and kept; see `JobSpec`."""

    ttl_s: int
    on_error: Literal["fail", "continue"] = "fail"
    include_image: bool = False
    priority: Priority = Priority.NORMAL
    metadata: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """A sample and what is to be done to it.

    Attributes:
        asked: the services, in order.
        body: the sample as it was sent, in its dialect.
        image: encoded, where it came beside the sample instead of in it.
        at: where the sample lies in what the caller sent; errors are located from there.
    """

    asked: Sequence[str]
    body: Mapping[str, Any]
    dialect: Dialect
    options: Options
    image: bytes | None = None
    at: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Desk:
    """Takes submissions in.

    Attributes:
        place: names where the tasks of a family go.
    """

    jobs: JobSettings
    limits: LimitSettings
    place: Callable[[ModelFamily], str]

    def accept(self, submission: Submission) -> NewJob:
        """Check a submission and make a job of it.

        Raises:
            InvalidSample: the sample breaks the schema or lacks what a service needs.
            UndecodableBase64: the image is no base64.
            PayloadTooLarge: the image has too many bytes.
            InvalidImage: the image is none that Faceline reads.
            ImageTooLarge: the image has too many pixels.
        """
        check_services(submission.asked)
        try:
            return self._accept(submission)
        except InvalidSample as error:
            raise error.under(*submission.at) from error

    def _accept(self, submission: Submission) -> NewJob:
        dialect, body, options = submission.dialect, submission.body, submission.options
        image = self._image(submission)
        size = None
        if image is not None:
            header = read_header(image)
            check_pixels(header, self.limits.pixels)
            size = header.upright_size
        detects = issubclass(services()[submission.asked[0]], DetectingService)
        find_faces = not detects and isinstance(dialect, V1) and body.get("objects") == PLACEHOLDER
        if detects or find_faces:
            # What a service finds anew is not read.
            body = {key: value for key, value in body.items() if key != "objects"}
        elif "objects" not in body:
            raise InvalidSample([Detail(loc=["objects"], msg="Field required", type="missing")])
        sample = dialect.read(body, size)
        planned = plan(submission.asked, sample, dialect, has_image=image is not None, find_faces=find_faces)
        spec = JobSpec(
            id=new_job_id(),
            plan=planned,
            stages=tuple(planned.stages(self.place)),
            dialect=dialect.name,
            images=int(image is not None),
            on_error=options.on_error,
            include_image=options.include_image,
            priority=options.priority,
            created_at=time(),
            ttl_s=options.ttl_s,
            deadline_s=self.jobs.deadline_s,
        )
        return NewJob(
            spec=spec,
            chunk=Chunk(items=[Item(sample=sample, blob=spec.blobs[0] if spec.blobs else None)]),
            given={key: value for key, value in body.items() if key != dialect.image_key},
            metadata=options.metadata,
            images=[image] if image is not None else [],
        )

    def _image(self, submission: Submission) -> bytes | None:
        text = submission.dialect.image_text(submission.body)
        image = decode_base64(text) if text is not None else submission.image
        if image is not None and len(image) > self.limits.image_bytes:
            raise PayloadTooLarge(f"the image has {len(image)} bytes, more than the {self.limits.image_bytes} allowed")
        return image
