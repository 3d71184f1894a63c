"""`from_json` and `to_json`: between JSON and the dataclasses of `faceline_client.results`."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime
from functools import cache, partial
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

Result = TypeVar("Result")
Converter = Callable[[Any], Any]

EXTRA = "extra"
"""The attribute with the keys that a class does not know."""


def from_json(kind: type[Result], value: Mapping[str, Any]) -> Result:
    """Make a result from JSON.

    Keys that the class does not know go into its `extra`, or are left out, so that a newer API can be read.

    Raises:
        ValueError: a key that the class needs is missing, or a value has another form.
    """
    try:
        return kind(**_values(kind, value))
    except (TypeError, LookupError, AttributeError) as error:
        raise ValueError(f"this is no {kind.__name__}: {error}") from error


def to_json(value: Any) -> Any:
    """The JSON of a result, as the API takes it: without attributes that are None."""
    if is_dataclass(value) and not isinstance(value, type):
        kept = {
            _key(field): to_json(part)
            for field in fields(value)
            if field.name != EXTRA and (part := getattr(value, field.name)) is not None
        }
        return {**kept, **getattr(value, EXTRA, {})}
    if isinstance(value, Mapping):
        return {key: to_json(part) for key, part in value.items()}
    if isinstance(value, tuple | list):
        return [to_json(part) for part in value]
    return value.isoformat() if isinstance(value, datetime) else value


def _values(kind: type[Any], value: Mapping[str, Any]) -> dict[str, Any]:
    known, keeps_others = _plan(kind)  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    others: dict[str, Any] = {}
    for key, part in value.items():
        if key in known:
            name, convert, _ = known[key]
            values[name] = convert(part)
        else:
            others[key] = part
    if keeps_others:
        values[EXTRA] = others
    return values


@cache
def _plan(kind: type[Any]) -> tuple[Mapping[str, tuple[str, Converter, Any]], bool]:
    """Of each key of a class: the attribute, the converter of its values and their type; and whether it has `extra`."""
    hints = get_type_hints(kind)
    known = {
        _key(field): (field.name, _converter(hints[field.name]), hints[field.name])
        for field in fields(kind)
        if field.name != EXTRA
    }
    return known, EXTRA in hints


def _key(field: "Field[Any]") -> str:
    return str(field.metadata.get("key", field.name))


def _converter(hint: Any) -> Converter:
    origin, parts = get_origin(hint), get_args(hint)
    if isinstance(hint, type) and is_dataclass(hint):
        return partial(from_json, hint)
    if hint is datetime:
        return datetime.fromisoformat
    if hint is float:
        return _number
    if origin is tuple:
        item = _converter(parts[0])
        return lambda value: tuple(item(one) for one in value)
    if origin in (Union, UnionType):
        return _choice([part for part in parts if part is not NoneType])
    return _unchanged


def _choice(hints: list[Any]) -> Converter:
    """The converter of a value that has one of several types, or is None."""
    converters = [_converter(hint) for hint in hints]

    def convert(value: Any) -> Any:
        if value is None:
            return None
        if len(hints) == 1:
            return converters[0](value)
        misfits = [_misfits(hint, value) for hint in hints]
        return converters[misfits.index(min(misfits))](value)

    return convert


def _misfits(hint: Any, value: Any) -> int:
    """How many keys and values of some JSON a type does not have: the lowest number finds the dialect of a sample."""
    if is_dataclass(hint):
        if not isinstance(value, Mapping):
            return 1
        known, _ = _plan(hint)  # type: ignore[arg-type]
        needed = {_key(field) for field in fields(hint) if field.default is field.default_factory is MISSING}
        missing = len(needed - value.keys())
        return missing + sum(_misfits(known[key][2], part) if key in known else 1 for key, part in value.items())
    origin, parts = get_origin(hint), get_args(hint)
    if origin is tuple:
        return sum(_misfits(parts[0], one) for one in value) if isinstance(value, list) else 1
    if origin is Literal:
        return int(value not in parts)
    if origin in (Union, UnionType):
        return min(_misfits(part, value) for part in parts)
    if hint is NoneType:
        return int(value is not None)
    return int(hint is str and not isinstance(value, str))


def _number(value: Any) -> float:
    """A number. Service routes write ages as text."""
    return value if isinstance(value, int | float) else float(value)


def _unchanged(value: Any) -> Any:
    return value
