"""Errors of samples and plans; `models.errors` has the classes that they derive from."""

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar, TypedDict

from pydantic import ValidationError

from config.errors import FacelineError
from models.errors import InvalidRequest


class Detail(TypedDict):
    """One entry of a validation error: what is wrong, and where."""

    loc: list[str | int]
    msg: str
    type: str


MOST_DETAILS = 20
"""An error says no more than so many things that are wrong, and how many more there are."""
KEY_LENGTH = 100
MESSAGE_LENGTH = 500


def first_details(details: Sequence[Detail], more: int = 0) -> list[Detail]:
    """The first details, with long keys and messages cut off, and a last entry that says how many more there are.

    Args:
        details: what is wrong.
        more: how many things are wrong besides.
    """
    first = [_short(detail) for detail in details[:MOST_DETAILS]]
    more += len(details) - len(first)
    if more:
        first.append(Detail(loc=[], msg=f"{more} more errors are not shown", type="more_errors"))
    return first


def _short(detail: Detail) -> Detail:
    loc = [part[:KEY_LENGTH] if isinstance(part, str) else part for part in detail["loc"]]
    return Detail(loc=loc, msg=detail["msg"][:MESSAGE_LENGTH], type=detail["type"])


class InvalidSample(InvalidRequest):
    """A sample, or a field around it, breaks the schema or lacks what a service needs.

    Args:
        details: what is wrong; the first of them are kept.
        more: how many things are wrong besides.
    """

    type: ClassVar[str] = "invalid_sample"

    def __init__(self, details: Sequence[Detail], more: int = 0) -> None:
        kept = [*details[:MOST_DETAILS]]
        super().__init__(kept, more + len(details) - len(kept))

    @property
    def first(self) -> list[Detail]:
        """The first things that are wrong."""
        first: list[Detail] = self.args[0]
        return first

    @property
    def more(self) -> int:
        """How many things are wrong besides."""
        more: int = self.args[1]
        return more

    @property
    def details(self) -> list[Detail]:
        """What is wrong, for the caller; see `first_details`."""
        return first_details(self.first, self.more)

    def __str__(self) -> str:
        return "; ".join(f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}" for detail in self.details)

    def under(self, *prefix: str | int) -> "InvalidSample":
        """The same error, with this prefix before all its locations."""
        return InvalidSample([{**detail, "loc": [*prefix, *detail["loc"]]} for detail in self.first], self.more)


# pydantic speaks of Python: of tuples, of exceptions, and of the classes of this software.
_OBJECT = ("Input should be an object", "dict_type")
_IN_TERMS_OF_JSON: Mapping[str, tuple[str, str]] = {
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "dataclass_type": _OBJECT,
    "dict_type": _OBJECT,
    "tuple_type": ("Input should be a valid list", "list_type"),
    "none_required": ("Input should be null", "null_required"),
}
_EXCEPTION = re.compile(r"^(Value error|Assertion failed), ")
_MEMBER = re.compile(r"<\w+\.\w+: ('[^']*')>")
"""A member of an enumeration as Python shows it: `<Priority.HIGH: 'high'>`."""


def in_terms_of_json(message: str, kind: str) -> tuple[str, str]:
    """The message and the type of an error of pydantic, without words of Python."""
    message, kind = _IN_TERMS_OF_JSON.get(kind, (message, kind))
    message = _MEMBER.sub(r"\1", _EXCEPTION.sub("", message))
    return message.replace("Tuple should", "List should").replace(" after validation", ""), kind


def details_of(error: ValidationError, loc: list[str | int]) -> list[Detail]:
    """What pydantic found wrong, at `loc` and below, in terms of JSON; without the values, which can be templates."""
    details: list[Detail] = []
    for entry in error.errors(include_url=False, include_context=False, include_input=False):
        msg, kind = in_terms_of_json(entry["msg"], entry["type"])
        details.append(Detail(loc=[*loc, *entry["loc"]], msg=msg, type=kind))
    return details


class ClashingColumns(FacelineError):
    """Two columns of a table have one name."""

    type: ClassVar[str] = "clashing_columns"


class NotTwoObjects(InvalidRequest):
    """The objects of a sample are compared, and it does not have exactly two."""

    type: ClassVar[str] = "not_two_objects"


class UndecodableBase64(InvalidRequest):
    """A text is not base64."""

    type: ClassVar[str] = "undecodable_base64"
