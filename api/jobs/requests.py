"""Bodies of `POST /jobs` and `/jobs/image` before parsing; the submission thread parses them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.jobs.schemas import ImageJobOptions, JobRequest
from jobs.factory import JobFactory, Submission
from jobs.idempotency import RequestKey, fingerprint_of
from jobs.request_parsing import parse_object, parse_options
from pipelines.dialects import DIALECTS, dialect_of
from pipelines.errors import InvalidSample


@dataclass(frozen=True, slots=True)
class SampleBody:
    """The body of `POST /jobs`: an `UnparsedRequest`."""

    body: bytes
    idempotency_key: str | None

    def parse(self, factory: JobFactory) -> Submission:
        """See `UnparsedRequest.parse`."""
        request = parse_options(JobRequest, parse_object(self.body))
        services = request.resolve_services()
        try:
            dialect = dialect_of(factory.without_replaced_objects(services, request.sample))
        except InvalidSample as error:
            raise error.under("sample") from error
        options, key = request.options(factory.jobs), _key(self.idempotency_key, self.body)
        return Submission(services, request.sample, dialect, options, error_prefix=("sample",), key=key)


@dataclass(frozen=True, slots=True)
class ImageForm:
    """The form of `POST /jobs/image`: an `UnparsedRequest`.

    Attributes:
        fields: all but the image.
    """

    image: bytes
    fields: Mapping[str, Any]
    idempotency_key: str | None

    def parse(self, factory: JobFactory) -> Submission:
        """See `UnparsedRequest.parse`."""
        request = parse_options(ImageJobOptions, self.fields)
        options = request.options(factory.jobs)
        key = _key(self.idempotency_key, self.image, repr(sorted(self.fields.items())).encode())
        return Submission(request.resolve_services(), {}, DIALECTS[request.dialect], options, self.image, key=key)


def _key(key: str | None, *body: bytes) -> RequestKey | None:
    return None if key is None else RequestKey(key, fingerprint_of(*body))
