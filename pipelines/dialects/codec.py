"""`FieldCodec`: reads and writes one field in a dialect; `derived_codec` makes one from an output's declaration."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Strict, create_model

from models.output import Output
from models.value_types import ValueType, record_of, single_value
from pipelines.encoding import decode_base64, encode_base64
from pipelines.sample import Size

AgeFormat = Literal["string", "number"]


@dataclass(frozen=True, slots=True)
class WriteContext:
    """What a writer needs besides the value.

    Attributes:
        size: of the image; (0, 0) without one.
        age_format: ages as `"25"` or as `25`.
    """

    size: Size
    age_format: AgeFormat


@dataclass(frozen=True, slots=True)
class FieldCodec:
    """How one field is written under its key and read from there.

    Attributes:
        key: of the field.
        kind: the type of what is under the key; pydantic checks it before it is read.
        read: gives the canonical value, None where it cannot be computed; raises ValueError where the value contradicts
            itself.
        write: gives what is under the key for a canonical value.
        constants: keys that are written along with it, and not read.
    """

    key: str
    kind: Any
    read: Callable[[Any, Size | None], Any]
    write: Callable[[Any, WriteContext], Any]
    constants: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """How a dialect writes the values of enumerations.

    Attributes:
        dialect: its name; the names of schemas that differ between dialects begin with it.
        spell: gives the text of a value: `str.upper` or `str.lower`.
    """

    dialect: str
    spell: Callable[[str], str]


def derived_codec(output: Output[Any], vocabulary: Vocabulary, key: str = "") -> FieldCodec:
    """The codec that follows from a declaration.

    A record is an object of its values under their own names; a record of one value, and a single value, is the value
    alone. Values of enumerations are texts in the vocabulary of the dialect, bytes are base64.

    Args:
        output: as it is declared.
        vocabulary: of the dialect.
        key: under which the dialect writes it; if not given, the name of the output.

    Raises:
        TypeError: the type of the output cannot be written.
    """
    values = record_of(output.value_type)
    if values is None:
        codec = _single(single_value(output.value_type), vocabulary)
        return FieldCodec(
            key or output.name, codec.kind, lambda given, _: codec.read(given), lambda value, _: codec.write(value)
        )
    if len(values) == 1:
        return value_alone(output, next(iter(values)), vocabulary, key)
    return _record(key or output.name, output.value_type, values, vocabulary)


def value_alone(output: Output[Any], name: str, vocabulary: Vocabulary, key: str = "") -> FieldCodec:
    """The codec of a record of which one value is written, and the others have defaults."""
    record = output.value_type
    codec = _single((record_of(record) or {})[name], vocabulary)
    return FieldCodec(
        key or output.name,
        codec.kind,
        lambda given, _: record(**{name: codec.read(given)}),
        lambda value, _: codec.write(getattr(value, name)),
    )


def record_codec(key: str, record: type, vocabulary: Vocabulary) -> FieldCodec:
    """The codec of a record that is no output."""
    return _record(key, record, record_of(record) or {}, vocabulary)


@dataclass(frozen=True, slots=True)
class _ValueCodec:
    kind: Any
    read: Callable[[Any], Any]
    write: Callable[[Any], Any]


def _single(value_type: ValueType, vocabulary: Vocabulary) -> _ValueCodec:
    codec = _required(value_type, vocabulary)
    if not value_type.optional:
        return codec
    return _ValueCodec(
        codec.kind | None,
        lambda given: None if given is None else codec.read(given),
        lambda value: None if value is None else codec.write(value),
    )


def _required(value_type: ValueType, vocabulary: Vocabulary) -> _ValueCodec:
    if value_type.choices is not None:
        spelled = {vocabulary.spell(text): choice for text, choice in value_type.choices.items()}
        # Values of a StrEnum are equal to their texts.
        return _ValueCodec(Literal[tuple(spelled)], spelled.__getitem__, vocabulary.spell)
    if value_type.base is bytes:
        return _ValueCodec(str, decode_base64, encode_base64)
    # Strict: a number that is written as text is no number.
    return _ValueCodec(Annotated[value_type.base, Strict()], _unchanged, _unchanged)


def _unchanged(value: Any) -> Any:
    return value


def _record(key: str, record: type, values: Mapping[str, ValueType], vocabulary: Vocabulary) -> FieldCodec:
    codecs = {name: _single(value_type, vocabulary) for name, value_type in values.items()}
    same_everywhere = all(value_type.choices is None for value_type in values.values())
    title = record.__name__ if same_everywhere else f"{vocabulary.dialect.upper()}{record.__name__}"
    if taken := [name for name in values if hasattr(BaseModel, name) or name.startswith("_")]:
        raise TypeError(f"`{record.__name__}.{taken[0]}` has a reserved name; choose another")
    kinds: dict[str, Any] = {name: (codec.kind, ...) for name, codec in codecs.items()}
    model: Any = create_model(title, __doc__=(record.__doc__ or "").partition("\n")[0], **kinds)

    def read(given: BaseModel, _: Size | None) -> Any:
        return record(**{name: codec.read(getattr(given, name)) for name, codec in codecs.items()})

    def write(value: Any, _: WriteContext) -> dict[str, Any]:
        return {name: codec.write(getattr(value, name)) for name, codec in codecs.items()}

    return FieldCodec(key, model, read, write)
