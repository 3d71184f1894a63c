"""Bodies of verifications before parsing; the submission thread parses them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from api.verify.schemas import FaceToCompare, VerifyOptions, VerifyRequest
from jobs.factory import JobFactory
from jobs.job import Priority, RunOptions
from jobs.json_parsing import is_light, parse_object
from jobs.pair_submission import PairSide, PairSubmission
from jobs.request_parsing import parse_options
from models.errors import InvalidRequest
from models.output import TEMPLATE
from pipelines.dialects import dialect_of
from pipelines.dialects.common import read_template
from pipelines.encoding import decode_image
from pipelines.errors import Detail, InvalidSample
from pipelines.pair import SIDES, label


@dataclass(frozen=True, slots=True)
class VerifyBody:
    """The JSON of `POST /verify`: an `UnparsedRequest`."""

    body: bytes

    @property
    def light(self) -> bool:
        """See `UnparsedRequest.light`."""
        return is_light(self.body)

    def parse(self, factory: JobFactory) -> PairSubmission:
        """See `UnparsedRequest.parse`."""
        request = parse_options(VerifyRequest, parse_object(self.body, factory.limits.with_another_image))
        return PairSubmission.of(parse_sides(request), request.rules(), _options(factory))


@dataclass(frozen=True, slots=True)
class VerifyForm:
    """The form of `POST /verify`: an `UnparsedRequest`.

    Attributes:
        images: of both sides, encoded.
        fields: of the form, besides the images.
    """

    images: Sequence[bytes]
    fields: Mapping[str, Any]
    light: bool = True

    def parse(self, factory: JobFactory) -> PairSubmission:
        """See `UnparsedRequest.parse`."""
        options = parse_options(VerifyOptions, self.fields, texts=True)
        return PairSubmission.of([PairSide(image) for image in self.images], options.rules(), _options(factory))


def parse_sides(request: VerifyRequest) -> list[PairSide]:
    """The two sides of a request.

    Raises:
        InvalidSample: a side has not exactly one of image, template and sample, or its sample shows no face to compare.
        InvalidRequest: a text is not base64, or a template is not one of ours; the message says of which side.
    """
    return [_parse_side(name, getattr(request, name)) for name in SIDES]


def _parse_side(name: str, given: FaceToCompare) -> PairSide:
    if sum(one is not None for one in (given.image, given.template, given.sample)) != 1:
        message = "exactly one of image, template and sample is needed"
        raise InvalidSample([Detail(loc=[name], msg=message, type="not_one_face")])
    try:
        if given.image is not None:
            return PairSide(image=decode_image(given.image))
        if given.template is not None:
            return PairSide(template=read_template(given.template))
        return _side_of_sample(given.sample or {})
    except InvalidSample as error:
        raise error.under(name, "sample") from error
    except InvalidRequest as error:
        raise type(error)(f"{label(name, photo=given.template is None)}: {error}") from error


def _side_of_sample(sample: Mapping[str, Any]) -> PairSide:
    dialect = dialect_of(sample)
    faces = sample.get("objects")
    if isinstance(faces, list) and len(faces) == 1:
        (face,) = dialect.read(sample, None, {TEMPLATE}).objects
        if (template := TEMPLATE.of(face)) is not None:
            return PairSide(template=template)
    text = dialect.image_text(sample)
    if text is None:
        message = f"neither an image, nor exactly one object with `{dialect.key_of(TEMPLATE)}`"
        raise InvalidSample([Detail(loc=[], msg=message, type="missing")])
    return PairSide(image=decode_image(text))


def _options(factory: JobFactory) -> RunOptions:
    # A worker does not begin the job of a caller who has stopped waiting.
    deadline_s = ceil(factory.jobs.sync_timeout_s)
    return RunOptions(factory.jobs.sync_ttl_s, "number", priority=Priority.HIGH, deadline_s=deadline_s)
