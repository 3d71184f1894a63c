"""Parses the options of a request."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, ValidationInfo, model_validator
from pydantic import Field as Key
from pydantic_core import PydanticKnownError

from config.settings import JobSettings, LimitSettings
from jobs.job import OnError
from pipelines.errors import MOST_DETAILS, Detail, InvalidSample, details_of
from pipelines.presets import PAIR_PRESETS, PRESETS

_IN_JSON = "in JSON"
"""The context of a validation: numbers and truth values have types of their own. In forms and queries all is text."""


def _whole(given: Any, info: ValidationInfo) -> Any:
    if info.context == _IN_JSON and isinstance(given, (bool, str)):
        raise PydanticKnownError("int_type")
    return given


def _truth(given: Any, info: ValidationInfo) -> Any:
    if info.context == _IN_JSON and not isinstance(given, bool):
        raise PydanticKnownError("bool_type")
    return given


WHOLE = BeforeValidator(_whole)
"""For whole numbers of options: pydantic would read a text in JSON, and `true`, as a number."""
Truth = Annotated[bool, BeforeValidator(_truth)]
"""A truth value of an option. Pydantic would read texts and numbers in JSON as one."""


class RequestObject(BaseModel):
    """An object inside a request. Keys that it does not have are errors, but no more of them than are reported."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _drop_most_unknown(cls, given: Any) -> Any:
        # Pydantic would make an error of each of them, however many they are.
        if not isinstance(given, dict) or len(given) <= MOST_DETAILS:
            return given
        unknown = [key for key in given if key not in cls.model_fields]
        dropped = frozenset(unknown[MOST_DETAILS:])
        return {key: value for key, value in given.items() if key not in dropped}


class ServiceOptions(BaseModel):
    """The services that run on a sample, and what happens if one fails."""

    model_config = ConfigDict(extra="forbid")

    services: list[str] | None = Key(None, min_length=1, max_length=32, description="in the order in which they run")
    preset: str | None = Key(None, description=f"instead of services, one of: {', '.join(PRESETS)}")
    on_error: OnError = Key("fail", description="whether a failing service ends its job, or is left out of the result")
    max_faces: Annotated[int, Key(ge=1), WHOLE] | None = Key(
        None, description="keep so many of the faces that are found: the largest ones"
    )
    include_image: Truth = Key(False, description="echo the image in the result")

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
            raise InvalidSample([Detail(loc=["services"], msg="give services, or a preset", type="missing")])
        if self.preset in PAIR_PRESETS:
            message = f"{self.preset} compares two photos: send `a` and `b` to POST /jobs, without a sample"
            raise InvalidSample([Detail(loc=["preset"], msg=message, type="takes_two_photos")])
        if self.preset not in PRESETS:
            message = f"unknown preset; there are: {', '.join(PRESETS)}"
            raise InvalidSample([Detail(loc=["preset"], msg=message, type="unknown_preset")])
        return PRESETS[self.preset]


Parsed = TypeVar("Parsed", bound=BaseModel)


def parse_options(model: type[Parsed], given: Mapping[str, Any], *, texts: bool = False) -> Parsed:
    """The options of a request, checked.

    Args:
        model: of the options.
        given: the options by their names.
        texts: whether numbers and truth values are texts, as in a form; in JSON they are not.

    Raises:
        InvalidSample: they break the schema.
    """
    fields = model.model_fields
    if given.get("webhook") is not None and "webhook" not in fields:
        message = "a batch has one webhook for all its requests: send it as a header of the batch"
        raise InvalidSample([Detail(loc=["webhook"], msg=message, type="unsupported")])
    known = {key: value for key, value in given.items() if key in fields}
    # Not found by pydantic, which would make an error of each of them, however many they are.
    unknown = [key for key in given if key not in known and key != "webhook"]
    first = unknown[:MOST_DETAILS]
    details = [Detail(loc=[key], msg="Extra inputs are not permitted", type="extra_forbidden") for key in first]
    more = len(unknown) - len(first)
    try:
        options = model.model_validate(known, context=None if texts else _IN_JSON)
    except ValidationError as error:
        raise InvalidSample([*details_of(error, []), *details], more) from error
    if details:
        raise InvalidSample(details, more)
    return options


def checked_ttl(ttl_s: int | None, settings: JobSettings) -> int:
    """How long a result is kept, in seconds: as the caller asks, or by default.

    Raises:
        InvalidSample: the caller asks for more than the deployment allows.
    """
    if ttl_s is not None and ttl_s > settings.max_ttl_s:
        message = f"Input should be less than or equal to {settings.max_ttl_s}"
        raise InvalidSample([Detail(loc=["ttl_s"], msg=message, type="less_than_equal")])
    return ttl_s or settings.ttl_s


def check_max_faces(given: int | None, limits: LimitSettings) -> None:
    """Check how many faces a caller wants to keep.

    Raises:
        InvalidSample: they are none, or more than the deployment allows.
    """
    if given is not None and not 1 <= given <= limits.objects:
        message = f"Input should be from 1 to {limits.objects}"
        raise InvalidSample([Detail(loc=["max_faces"], msg=message, type="out_of_bounds")])
