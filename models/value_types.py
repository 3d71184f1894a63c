"""The types that an output may have: single values, and records of single values.

Dialects, tables and test data are derived from `ValueType`, so a type that is added here is added there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

_PLAIN = (bool, int, float, str, bytes)


@dataclass(frozen=True, slots=True)
class ValueType:
    """The type of a single value.

    Attributes:
        base: bool, int, float, str or bytes; str for a choice.
        choices: the members of a `StrEnum` or the values of a `Literal`, by their text; None for other types.
        optional: whether the value may be None.
    """

    base: type
    choices: Mapping[str, Any] | None = None
    optional: bool = False


def record_of(value_type: type) -> dict[str, ValueType] | None:
    """The values of a record by name; None for the type of a single value.

    Raises:
        TypeError: a value has a type that outputs cannot have.
    """
    if not is_dataclass(value_type):
        return None
    hints = get_type_hints(value_type)
    values: dict[str, ValueType] = {}
    for field in fields(value_type):
        try:
            values[field.name] = single_value(hints[field.name])
        except TypeError as error:
            raise TypeError(f"`{value_type.__name__}.{field.name}` is {error}") from None
    if all(value.optional for value in values.values()):
        raise TypeError(f"`{value_type.__name__}` has no value that is always there")
    return values


def single_value(annotation: Any) -> ValueType:
    """The type of a single value, from its annotation.

    Raises:
        TypeError: outputs cannot have values of this type.
    """
    if get_origin(annotation) in (Union, UnionType):
        arguments = [argument for argument in get_args(annotation) if argument is not NoneType]
        if len(arguments) == 1 and NoneType in get_args(annotation):
            value = single_value(arguments[0])
            return ValueType(value.base, value.choices, optional=True)
    if annotation in _PLAIN:
        return ValueType(annotation)
    if choices := _choices(annotation):
        if len({text.lower() for text in choices}) < len(choices):
            raise TypeError(f"{_name(annotation)}, of which two values differ in case only")
        return ValueType(str, choices)
    raise TypeError(
        f"{_name(annotation)}; values are bool, int, float, str, bytes, a StrEnum or a Literal of texts; None is legal"
    )


def _choices(annotation: Any) -> dict[str, Any]:
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return {member.value: member for member in annotation}
    if get_origin(annotation) is Literal and all(isinstance(text, str) for text in get_args(annotation)):
        return {text: text for text in get_args(annotation)}
    return {}


def _name(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)
