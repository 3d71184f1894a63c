"""Checks submissions without running a model, and makes jobs of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import time
from typing import Any

from config.logs import request_id
from config.settings import JobSettings, LimitSettings
from jobs.errors import PayloadTooLarge
from jobs.idempotency import RequestKey
from jobs.job import JobSpec, NewJob, RequestPosition, RunOptions, new_job_id
from jobs.request_parsing import check_max_faces
from jobs.webhooks.rules import WebhookRules
from metrics import api as metrics
from models.catalogue import Catalogue
from models.family import ModelFamily
from models.imaging.headers import check_decoded_bytes, check_pixels, read_header
from models.output import BBOX, IMAGE, LANDMARKS, Field
from models.service import DetectingService, MatchingService
from models.services.face_fitter import FaceFitter
from pipelines.chunk import Chunk, Item
from pipelines.dialects import Dialect
from pipelines.dialects.codec import AgeFormat
from pipelines.encoding import decode_image, encode_base64
from pipelines.errors import Detail, InvalidSample
from pipelines.plan import Plan, check_services, plan, stages, without_objects
from pipelines.sample import Sample, Size
from traces import spans

PLACEHOLDER: list[dict[str, Any]] = [{}]
"""`"objects": [{}]` in v1: the caller sends no faces, and the plan begins with the face fitter."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A sample, and the services that are to run on it.

    Attributes:
        services: that the caller asked for, in order.
        body: the sample as it was sent, in its dialect.
        image: encoded, if it came beside the sample instead of in it.
        reference: of the image, if it did not come at all; see `Item.reference`. The workers check that image.
        error_prefix: the location of the sample in the request; the locations of errors start with it.
        key: the idempotency key of the request.
    """

    services: Sequence[str]
    body: Mapping[str, Any]
    dialect: Dialect
    options: RunOptions
    image: bytes | None = None
    reference: str | None = None
    error_prefix: tuple[str, ...] = ()
    key: RequestKey | None = None

    def check(self, factory: "JobFactory") -> Sequence["CheckedSample"]:
        """The samples of the job that the submission makes; see `JobFactory.check`."""
        return [factory.check(self)]


@dataclass(frozen=True, slots=True)
class CheckedSample:
    """The sample of a submission that passed all checks.

    Attributes:
        sample: in canonical form.
        sent_sample: the sample as it was sent, without its image; see `JobData`.
        image: encoded; None if the sample has none, or a reference to it.
        reference: of the image, if its bytes did not come.
    """

    plan: Plan
    sample: Sample
    sent_sample: Mapping[str, Any]
    image: bytes | None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class JobFactory:
    """Checks submissions and makes jobs of them.

    Attributes:
        queue_prefix: what the queues of a family are named after; neighbouring services with one prefix share a stage.
        age_format: of all jobs, if the deployment has decided it; otherwise each submission decides it.
        webhook_rules: of the deployment; only jobs with a webhook need them.
    """

    catalogue: Catalogue
    jobs: JobSettings
    limits: LimitSettings
    queue_prefix: Callable[[ModelFamily], str]
    age_format: AgeFormat | None = None
    webhook_rules: WebhookRules | None = None

    def check_and_make_job(self, submission: Submission, job_id: str | None = None, owner: str | None = None) -> NewJob:
        """Check a submission and make a job of it.

        Args:
            submission: to check.
            job_id: of the job; if not given, a new one.
            owner: see `JobSpec`.

        Raises:
            InvalidRequest: as `check` does, or the webhook is not allowed.
            StorageError: the store does not answer; only with a webhook.
        """
        if submission.options.webhook is not None and self.webhook_rules is not None:
            self.webhook_rules.check(submission.options.webhook, owner)
        checked = submission.check(self)
        return self.make_job(
            checked, submission.dialect, submission.options, job_id=job_id, key=submission.key, owner=owner
        )

    def check(self, submission: Submission) -> CheckedSample:
        """Check a submission.

        Raises:
            InvalidSample: the sample breaks the schema or lacks what a service needs.
            UndecodableBase64: the image, or a template, is not base64.
            InvalidTemplate: a template was not written by this software.
            PayloadTooLarge: the image has too many bytes.
            InvalidImage: the image has no format that Faceline reads.
            ImageTooLarge: the image has too many pixels.
        """
        check_services(submission.services, self.catalogue)
        check_max_faces(submission.options.max_faces, self.limits)
        try:
            return self._check(submission)
        except InvalidSample as error:
            raise error.under(*submission.error_prefix) from error

    def make_job(
        self,
        samples: Sequence[CheckedSample],
        dialect: Dialect,
        options: RunOptions,
        *,
        job_id: str | None = None,
        key: RequestKey | None = None,
        requests: Sequence[RequestPosition] = (),
        owner: str | None = None,
    ) -> NewJob:
        """Make one job of samples with one plan: they travel through its stages together.

        Args:
            samples: at least one.
            dialect: of the samples and of the result.
            options: of the job.
            job_id: of the job; if not given, a new one.
            key: the idempotency key of the request.
            requests: of each sample, the request of a batch that it was made of.
            owner: see `JobSpec`.

        Raises:
            ValueError: the plans differ.
        """
        planned = samples[0].plan
        if any(sample.plan != planned for sample in samples):
            raise ValueError("samples with different plans cannot share a job")
        images = [sample.image for sample in samples if sample.image is not None]
        spec = JobSpec(
            id=job_id or new_job_id(),
            plan=planned,
            stages=tuple(stages(planned.services, self.catalogue, self.queue_prefix)),
            dialect=dialect.name,
            images=len(images),
            on_error=options.on_error,
            max_faces=options.max_faces,
            include_image=options.include_image,
            age_format=self.age_format or options.age_format,
            priority=options.priority,
            created_at=time(),
            ttl_s=options.ttl_s,
            deadline_s=options.deadline_s or self.jobs.deadline_s,
            idempotency_key=key.of(owner) if key else None,
            group=options.group,
            owner=owner,
            request_id=request_id.get(),
            traceparent=spans.current(),
            webhook=options.webhook is not None,
            pair=options.pair,
            retry_of=options.retry_of,
        )
        metrics.IMAGES.inc(len(images))
        metrics.IMAGE_BYTES.inc(sum(map(len, images)))
        blobs = iter(spec.blobs)
        items = [
            Item(
                sample=checked.sample, blob=None if checked.image is None else next(blobs), reference=checked.reference
            )
            for checked in samples
        ]
        return NewJob(
            spec=spec,
            chunk=Chunk(items=items),
            sent_samples=[checked.sent_sample for checked in samples],
            metadata=options.metadata,
            requests=requests,
            images=images,
            fingerprint=key.fingerprint if key else "",
            webhook=options.webhook,
        )

    def _check(self, submission: Submission) -> CheckedSample:
        dialect, body = submission.dialect, submission.body
        # An image that no service needs is not decoded, but it is one: the answer may echo it.
        text = dialect.image_text(body)
        needs_image = any(IMAGE in self.catalogue[name].needs for name in submission.services)
        image = self._image(submission, text) if needs_image else None
        size = self._size(submission.services, image) if image is not None else None
        first = self.catalogue[submission.services[0]]
        find_faces = dialect.placeholder and first.needs_only_boxes() and body.get("objects") == PLACEHOLDER
        body = self.without_replaced_objects([FaceFitter.name] if find_faces else submission.services, body)
        if body.get("objects") is None and not find_faces and not issubclass(first, DetectingService):
            raise without_objects(first, self.catalogue)
        self._check_count(body.get("objects"))
        sample = dialect.read(body, size, self._read_fields(submission.services))
        if issubclass(first, MatchingService) and len(sample.objects) != 2:
            message = f"{first.name} compares exactly two objects, not {len(sample.objects)}"
            raise InvalidSample([Detail(loc=["objects"], msg=message, type="not_two_objects")])
        has_image = image is not None or submission.reference is not None
        planned = plan(submission.services, self.catalogue, sample, dialect, has_image=has_image, find_faces=find_faces)
        sent_sample = {key: value for key, value in body.items() if key != dialect.image_key}
        if submission.options.include_image and dialect.image_key in body:
            sent = body[dialect.image_key]
            # The answer writes the image anew from its bytes; only a field that differs from that is kept as well.
            if image is None or sent != dialect.write_image(encode_base64(image)):
                sent_sample[dialect.image_key] = sent
        return CheckedSample(planned, sample, sent_sample, image, submission.reference)

    def without_replaced_objects(self, names: Sequence[str], body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The sample without its objects, if the first service replaces them: then they are not read or checked."""
        first = self.catalogue.get(names[0])
        if first is None or not issubclass(first, DetectingService):
            return body
        return {key: value for key, value in body.items() if key != "objects"}

    def _check_count(self, objects: Any) -> None:
        if isinstance(objects, list) and len(objects) > self.limits.objects:
            message = f"{len(objects)} objects are more than the {self.limits.objects} allowed"
            raise InvalidSample([Detail(loc=["objects"], msg=message, type="too_long")])

    def _read_fields(self, names: Sequence[str]) -> set[Field]:
        """The fields of the given objects that the services read."""
        # Services that crop faces use landmarks if there are any, also without declaring that they need them.
        read = {BBOX, LANDMARKS}
        given: set[Field] = set()
        for name in names:
            read |= self.catalogue[name].needs - given
            given |= self.catalogue[name].gives
        return read

    def _size(self, names: Sequence[str], image: bytes) -> Size:
        header = read_header(image)
        bounds = [self.catalogue[name].max_pixels for name in names]
        check_decoded_bytes(header, self.limits.decoded_bytes)
        check_pixels(header, min([self.limits.pixels, *(bound for bound in bounds if bound is not None)]))
        return header.upright_size

    def _image(self, submission: Submission, text: str | None) -> bytes | None:
        image = decode_image(text) if text is not None else submission.image
        if image is not None and len(image) > self.limits.image_bytes:
            raise PayloadTooLarge(f"the image has {len(image)} bytes, more than the {self.limits.image_bytes} allowed")
        return image
