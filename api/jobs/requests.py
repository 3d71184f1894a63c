"""Bodies of `POST /jobs` and `/jobs/image` before parsing; the submission thread parses them."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.datastructures import FormData

from access.caller import Caller
from access.key import Scope
from api.jobs.schemas import ImageJobOptions, JobRequest, KeepOptions, VerifyJobRequest, form_fields
from api.verify.requests import parse_sides
from jobs.errors import PayloadTooLarge
from jobs.factory import JobFactory, Submission
from jobs.idempotency import RequestKey, fingerprint_of
from jobs.job import Priority
from jobs.json_parsing import is_light, parse_object
from jobs.pair_submission import PairSubmission
from jobs.request_parsing import parse_options
from pipelines.dialects import DIALECTS, dialect_of
from pipelines.errors import InvalidSample
from pipelines.presets import VERIFY

VERIFY_TEXT = f'"{VERIFY}"'.encode()
"""A body without it has another preset: base64 has no quotation marks. `rfind` finds it faster than `in`."""

PRIORITIES = (Priority.NORMAL, Priority.BULK, Priority.LAST, Priority.HIGH)
"""The priorities that a job may get, the most frequent first."""
PRIORITY_KEY = "priority"


def priorities_of_json(body: bytes, owner: str | None) -> Sequence[Priority]:
    """The priorities that a job may get, found without parsing its body.

    Args:
        body: of `POST /jobs`.
        owner: of the job.
    """
    return PRIORITIES if may_name_priority(body) else default_priorities(owner)


def may_name_priority(body: bytes) -> bool:
    """Whether the body of `POST /jobs` may have a priority of its own, found without parsing it."""
    # A key may be written with escapes, and those have backslashes; base64 has none.
    return body.rfind(PRIORITY_KEY.encode()) >= 0 or b"\\" in body


def priorities_of_form(form: FormData, owner: str | None) -> Sequence[Priority]:
    """The priorities that the job of a form may get."""
    return PRIORITIES if PRIORITY_KEY in form else default_priorities(owner)


def default_priorities(owner: str | None) -> Sequence[Priority]:
    """The priorities that a job may get that names none."""
    # Jobs of an owner above its share are taken last.
    return (Priority.NORMAL,) if owner is None else (Priority.NORMAL, Priority.LAST)


@dataclass(frozen=True, slots=True)
class SampleBody:
    """The body of `POST /jobs`: an `UnparsedRequest`."""

    body: bytes
    idempotency_key: str | None
    caller: Caller

    @property
    def light(self) -> bool:
        """See `UnparsedRequest.light`."""
        return is_light(self.body)

    def parse(self, factory: JobFactory) -> Submission:
        """See `UnparsedRequest.parse`."""
        if self.body.rfind(VERIFY_TEXT) >= 0:
            body = parse_object(self.body, factory.limits.with_another_image)
            if body.get("preset") == VERIFY:
                return self._pair(parse_options(VerifyJobRequest, body), factory)
        if len(self.body) > factory.limits.body_bytes:
            raise PayloadTooLarge(f"the body has more than the {factory.limits.body_bytes} bytes allowed")
        request = parse_options(JobRequest, parse_object(self.body, factory.limits))
        _check_scope(request, self.caller)
        services = request.resolve_services()
        try:
            dialect = dialect_of(factory.without_replaced_objects(services, request.sample))
        except InvalidSample as error:
            raise error.under("sample") from error
        options, key = request.options(factory.jobs), _key(self.idempotency_key, self.body)
        return Submission(services, request.sample, dialect, options, error_prefix=("sample",), key=key)

    def _pair(self, request: VerifyJobRequest, factory: JobFactory) -> PairSubmission:
        _check_scope(request, self.caller)
        options, key = request.options(factory.jobs), _key(self.idempotency_key, self.body)
        return PairSubmission.of(parse_sides(request), request.rules(), options, key)


@dataclass(frozen=True, slots=True)
class ImageForm:
    """The form of `POST /jobs/image`: an `UnparsedRequest`."""

    image: bytes
    form: FormData
    idempotency_key: str | None
    caller: Caller

    @property
    def light(self) -> bool:
        """See `UnparsedRequest.light`."""
        return all(is_light(text.encode()) for text in self.form.values() if isinstance(text, str))

    def parse(self, factory: JobFactory) -> Submission:
        """See `UnparsedRequest.parse`."""
        fields = form_fields(self.form, factory.limits)
        request = parse_options(ImageJobOptions, fields, texts=True)
        _check_scope(request, self.caller)
        options = request.options(factory.jobs)
        key = _key(self.idempotency_key, self.image, repr(sorted(fields.items())).encode())
        return Submission(request.resolve_services(), {}, DIALECTS[request.dialect], options, self.image, key=key)


def _check_scope(options: KeepOptions, caller: Caller) -> None:
    """Check that a caller to whose webhook the result is sent may read it.

    Raises:
        MissingScope: its key does not allow it.
    """
    if options.webhook is not None and options.webhook.include is not None:
        caller.require(Scope.READ)


def _key(key: str | None, *body: bytes) -> RequestKey | None:
    return None if key is None else RequestKey(key, fingerprint_of(*body))
