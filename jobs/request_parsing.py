"""Parses the JSON and the options of a request."""

from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic import Field as Key
from pydantic_core import from_json

from config.settings import JobSettings
from jobs.job import OnError
from pipelines.errors import Detail, InvalidSample, details_of
from pipelines.presets import PRESETS


class ServiceOptions(BaseModel):
    """The services that run on a sample, and what happens if one fails."""

    model_config = ConfigDict(extra="forbid")

    services: list[str] | None = Key(None, min_length=1, max_length=32, description="in the order in which they run")
    preset: str | None = Key(None, description=f"instead of services, one of: {', '.join(PRESETS)}")
    on_error: OnError = Key("fail", description="whether a failing service ends its job, or is left out of the result")
    max_faces: int | None = Key(None, ge=1, description="keep so many of the faces that are found: the largest ones")
    include_image: bool = Key(False, description="echo the image in the result")

    def resolve_services(self) -> Sequence[str]:
        """The services that run: the named ones, or the services of the preset.

        Raises:
            InvalidSample: neither services nor a preset is given, or both, or there is no such preset.
        """
        if self.preset is None and self.services:
            return self.services
        if self.services is not None:
            raise InvalidSample([Detail(loc=["preset"], msg="services or a preset, not both", type="ambiguous")])
        if self.preset is None:
            raise InvalidSample([Detail(loc=["services"], msg="Field required", type="missing")])
        if self.preset not in PRESETS:
            message = f"unknown preset; there are: {', '.join(PRESETS)}"
            raise InvalidSample([Detail(loc=["preset"], msg=message, type="unknown_preset")])
        return PRESETS[self.preset]


Parsed = TypeVar("Parsed", bound=ServiceOptions)


def parse_options(model: type[Parsed], given: Mapping[str, Any]) -> Parsed:
    """The options of a request, checked.

    Raises:
        InvalidSample: they break the schema.
    """
    if given.get("webhook") is not None:
        message = "this deployment calls no webhooks: ask for the job with `wait` instead"
        raise InvalidSample([Detail(loc=["webhook"], msg=message, type="unsupported")])
    try:
        return model.model_validate({key: value for key, value in given.items() if key != "webhook"})
    except ValidationError as error:
        raise InvalidSample(details_of(error, [])) from error


def checked_ttl(ttl_s: int | None, settings: JobSettings) -> int:
    """How long a result is kept, in seconds: as the caller asks, or by default.

    Raises:
        InvalidSample: the caller asks for more than the deployment allows.
    """
    if ttl_s is not None and ttl_s > settings.max_ttl_s:
        message = f"Input should be less than or equal to {settings.max_ttl_s}"
        raise InvalidSample([Detail(loc=["ttl_s"], msg=message, type="less_than_equal")])
    return ttl_s or settings.ttl_s


def parse_object(body: bytes) -> dict[str, Any]:
    """The JSON object of a body, which may begin with the byte order mark of UTF-8.

    Raises:
        InvalidSample: the body is not a JSON object, or has a number that is not finite.
    """
    try:
        parsed = from_json(body.removeprefix(BOM_UTF8), allow_inf_nan=False)
    except ValueError as error:
        raise InvalidSample([Detail(loc=[], msg=str(error), type="json_invalid")]) from error
    if not _is_finite(parsed):
        raise InvalidSample([Detail(loc=[], msg="numbers must be finite", type="finite_number")])
    if not isinstance(parsed, dict):
        raise InvalidSample([Detail(loc=[], msg="Input should be an object", type="dict_type")])
    return parsed


def _is_finite(value: Any) -> bool:
    """Whether all numbers are finite: a number with too large an exponent was read as infinity."""
    if isinstance(value, dict):
        return all(map(_is_finite, value.values()))
    if isinstance(value, list):
        return all(map(_is_finite, value))
    return not isinstance(value, float) or isfinite(value)
