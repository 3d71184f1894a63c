"""Errors of samples and plans; `models.errors` has the classes that they derive from."""

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


class InvalidSample(InvalidRequest):
    """A sample, or a field around it, breaks the schema or lacks what a service needs."""

    type: ClassVar[str] = "invalid_sample"

    def __init__(self, details: Sequence[Detail]) -> None:
        super().__init__(list(details))

    @property
    def details(self) -> list[Detail]:
        """Each thing that is wrong."""
        details: list[Detail] = self.args[0]
        return details

    def __str__(self) -> str:
        return "; ".join(f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}" for detail in self.details)

    def under(self, *prefix: str | int) -> "InvalidSample":
        """The same error, with this prefix before all its locations."""
        return InvalidSample([{**detail, "loc": [*prefix, *detail["loc"]]} for detail in self.details])


# pydantic speaks of Python: of tuples, and of the classes of this software.
_OBJECT = ("Input should be an object", "dict_type")
_IN_TERMS_OF_JSON: Mapping[str, tuple[str, str]] = {
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "dataclass_type": _OBJECT,
    "dict_type": _OBJECT,
    "tuple_type": ("Input should be a valid list", "list_type"),
}


def details_of(error: ValidationError, loc: list[str | int]) -> list[Detail]:
    """What pydantic found wrong, at `loc` and below, in terms of JSON; without the values, which can be templates."""
    details: list[Detail] = []
    for entry in error.errors(include_url=False, include_context=False, include_input=False):
        msg, kind = _IN_TERMS_OF_JSON.get(entry["type"], (entry["msg"], entry["type"]))
        msg = msg.replace("Tuple should", "List should").replace(" after validation", "")
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
