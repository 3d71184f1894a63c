"""From what a caller sent to a job that may be queued: everything that can be judged without a model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import time
from typing import Any

from config.settings import JobSettings, LimitSettings
from jobs.errors import PayloadTooLarge
from jobs.job import JobSpec, NewJob, OnError, Priority, new_job_id
from models.catalogue import Catalogue
from models.family import ModelFamily
from models.imaging.headers import check_pixels, read_header
from models.output import BBOX, IMAGE, LANDMARKS, Field
from models.service import DetectingService, MatchingService
from models.services.face_fitter import FaceFitter
from pipelines.chunk import Chunk, Item
from pipelines.dialects import Dialect
from pipelines.dialects.codec import AgeFormat
from pipelines.encoding import decode_base64
from pipelines.errors import Detail, InvalidSample
from pipelines.plan import Plan, check_services, plan, stages
from pipelines.sample import Sample, Size

PLACEHOLDER: list[dict[str, Any]] = [{}]
"""Sent instead of faces, where a dialect knows it: find them yourself."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a job is run and kept; see `JobSpec`."""

    ttl_s: int
    age_format: AgeFormat
    on_error: OnError = "fail"
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
        source: where the image lies, instead; see `Item.source`. The workers will judge it.
        at: where the sample lies in what the caller sent; errors are located from there.
    """

    asked: Sequence[str]
    body: Mapping[str, Any]
    dialect: Dialect
    options: Options
    image: bytes | None = None
    source: str | None = None
    at: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """A submission in which nothing was found wrong.

    Attributes:
        sample: what it says, in canonical form.
        given: the sample as it was sent, without its image.
        image: encoded; None if the sample has none, or refers to it.
        source: where the image lies, if nobody has read it.
    """

    plan: Plan
    sample: Sample
    given: Mapping[str, Any]
    image: bytes | None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class JobFactory:
    """Takes submissions in.

    Attributes:
        place: names where the tasks of a family go.
    """

    catalogue: Catalogue
    jobs: JobSettings
    limits: LimitSettings
    place: Callable[[ModelFamily], str]

    def accept(self, submission: Submission) -> NewJob:
        """Check a submission and make a job of it.

        Raises:
            InvalidRequest: as `check` does.
        """
        return self.gather([self.check(submission)], submission.dialect, submission.options)

    def check(self, submission: Submission) -> Checked:
        """Check a submission.

        Raises:
            InvalidSample: the sample breaks the schema or lacks what a service needs.
            UndecodableBase64: the image, or a template, is no base64.
            InvalidTemplate: a template is not one of ours.
            PayloadTooLarge: the image has too many bytes.
            InvalidImage: the image is none that Faceline reads.
            ImageTooLarge: the image has too many pixels.
        """
        check_services(submission.asked, self.catalogue)
        try:
            return self._check(submission)
        except InvalidSample as error:
            raise error.under(*submission.at) from error

    def gather(self, samples: Sequence[Checked], dialect: Dialect, options: Options) -> NewJob:
        """Make one job of samples that have one plan: they travel through its stages together.

        Raises:
            ValueError: their plans differ.
        """
        planned = samples[0].plan
        if any(sample.plan != planned for sample in samples):
            raise ValueError("samples with different plans cannot share a job")
        images = [sample.image for sample in samples if sample.image is not None]
        spec = JobSpec(
            id=new_job_id(),
            plan=planned,
            stages=tuple(stages(planned.services, self.catalogue, self.place)),
            dialect=dialect.name,
            images=len(images),
            on_error=options.on_error,
            include_image=options.include_image,
            age_format=options.age_format,
            priority=options.priority,
            created_at=time(),
            ttl_s=options.ttl_s,
            deadline_s=self.jobs.deadline_s,
        )
        blobs = iter(spec.blobs)
        items = [
            Item(sample=one.sample, blob=None if one.image is None else next(blobs), source=one.source)
            for one in samples
        ]
        return NewJob(
            spec=spec,
            chunk=Chunk(items=items),
            givens=[one.given for one in samples],
            metadata=options.metadata,
            images=images,
        )

    def _check(self, submission: Submission) -> Checked:
        dialect, body = submission.dialect, submission.body
        looks = any(IMAGE in self.catalogue[name].needs for name in submission.asked)
        image = self._image(submission) if looks else None
        size = self._size(submission.asked, image) if image is not None else None
        first = self.catalogue[submission.asked[0]]
        find_faces = dialect.placeholder and first.needs_only_boxes() and body.get("objects") == PLACEHOLDER
        body = self.read_part([FaceFitter.name] if find_faces else submission.asked, body)
        if "objects" not in body and not find_faces and not issubclass(first, DetectingService):
            raise InvalidSample([Detail(loc=["objects"], msg="Field required", type="missing")])
        self._check_count(body.get("objects"))
        sample = dialect.read(body, size, self._read_fields(submission.asked))
        if issubclass(first, MatchingService) and len(sample.objects) != 2:
            message = f"{first.name} compares exactly two objects, not {len(sample.objects)}"
            raise InvalidSample([Detail(loc=["objects"], msg=message, type="not_two_objects")])
        has_image = image is not None or submission.source is not None
        planned = plan(submission.asked, self.catalogue, sample, dialect, has_image=has_image, find_faces=find_faces)
        given = {key: value for key, value in body.items() if key != dialect.image_key}
        return Checked(planned, sample, given, image, submission.source)

    def read_part(self, asked: Sequence[str], body: Mapping[str, Any]) -> Mapping[str, Any]:
        """A sample without its objects, where the first service finds them anew: then they may be anything."""
        first = self.catalogue.get(asked[0])
        if first is None or not issubclass(first, DetectingService):
            return body
        return {key: value for key, value in body.items() if key != "objects"}

    def _check_count(self, objects: Any) -> None:
        if isinstance(objects, list) and len(objects) > self.limits.objects:
            message = f"{len(objects)} objects are more than the {self.limits.objects} allowed"
            raise InvalidSample([Detail(loc=["objects"], msg=message, type="too_long")])

    def _read_fields(self, asked: Sequence[str]) -> set[Field]:
        """The fields of the objects that came in which somebody looks at."""
        # Whoever crops takes the points where there are any, needed or not.
        read = {BBOX, LANDMARKS}
        given: set[Field] = set()
        for name in asked:
            read |= self.catalogue[name].needs - given
            given |= self.catalogue[name].gives
        return read

    def _size(self, asked: Sequence[str], image: bytes) -> Size:
        header = read_header(image)
        bounds = [self.catalogue[name].max_pixels for name in asked]
        check_pixels(header, min([self.limits.pixels, *(bound for bound in bounds if bound is not None)]))
        return header.upright_size

    def _image(self, submission: Submission) -> bytes | None:
        text = submission.dialect.image_text(submission.body)
        image = decode_base64(text) if text is not None else submission.image
        if image is not None and len(image) > self.limits.image_bytes:
            raise PayloadTooLarge(f"the image has {len(image)} bytes, more than the {self.limits.image_bytes} allowed")
        return image
