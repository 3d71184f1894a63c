"""The JSON schemas of samples, made from the codecs of the dialects."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, create_model
from pydantic import Field as Key
from pydantic_core.core_schema import union_schema

from models.output import Field
from pipelines.chunk import Failure
from pipelines.dialects import DIALECTS, Dialect
from pipelines.dialects.codec import FieldCodec

Side = Literal["Sample", "Result"]
"""What callers send, or what they get."""


@dataclass(frozen=True, slots=True)
class _InAnyDialect:
    """Describes a JSON object as a sample in one of the dialects; what is accepted does not change."""

    side: Side

    def __get_pydantic_json_schema__(self, _: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        models = [_whole_sample(dialect, self.side) for dialect in DIALECTS.values()]
        return handler(union_schema([model.__pydantic_core_schema__ for model in models]))


SampleJson = Annotated[dict[str, Any], _InAnyDialect("Sample")]
"""A sample as a caller sends it: all keys may be missing, depending on the services."""
ResultJson = Annotated[dict[str, Any], _InAnyDialect("Result")]
"""An enriched sample as a caller gets it."""


def sample_model(name: str, doc: str, keys: Mapping[str, Any]) -> type[BaseModel]:
    """A model with these keys, in which callers may have other keys."""
    return create_model(name, __config__=ConfigDict(extra="allow"), __doc__=doc, **keys)


def image_key(dialect: Dialect, *, required: bool) -> dict[str, Any]:
    """The key of the image."""
    kind, default = (dialect.image_kind, ...) if required else (dialect.image_kind | None, None)
    return {
        "image": (
            kind,
            Key(
                default,
                alias=dialect.image_key,
                description="jpg, png, bmp or webp in base64; with the extra `formats` also heic, avif and tiff",
            ),
        )
    }


def object_keys(dialect: Dialect, fields: Iterable[Field], required: Iterable[Field]) -> dict[str, Any]:
    """The keys of an object with these fields."""
    known = dialect.object_model.model_fields
    always = {key: (known[key].annotation, known[key]) for key in ("id", "object_class")}
    return {**always, **field_keys(dialect.codecs, fields, required)}


def field_keys(
    codecs: Mapping[Field, FieldCodec], fields: Iterable[Field], required: Iterable[Field]
) -> dict[str, Any]:
    """The keys of fields, with what their codecs write along with them."""
    wanted, needed = set(fields), set(required)
    chosen: dict[str, Any] = {}
    for field, codec in codecs.items():
        if field in wanted:
            kind, default = (codec.kind, ...) if field in needed else (codec.kind | None, None)
            chosen[field.name] = (kind, Key(default, alias=codec.key))
            for key, value in codec.constants.items():
                chosen[key] = (type(value) | None, Key(None))
    return chosen


@cache
def _whole_sample(dialect: Dialect, side: Side) -> type[BaseModel]:
    """A sample with the fields of all services."""
    name, item = dialect.name.upper(), _whole_object(dialect)
    objects: Any = (list[item], ...) if side == "Result" else (list[item] | None, None)  # type: ignore[valid-type]
    keys = {**image_key(dialect, required=False), "objects": objects}
    if side == "Sample":
        return sample_model(f"{name}Sample", f"A sample in dialect {dialect.name}.", keys)
    keys |= field_keys(dialect.sample_codecs, dialect.sample_codecs, ())
    keys["errors"] = (list[Failure] | None, Key(None, description="services that failed, with `on_error: continue`"))
    return sample_model(f"{name}Result", f"An enriched sample in dialect {dialect.name}.", keys)


@cache
def _whole_object(dialect: Dialect) -> type[BaseModel]:
    """An object with the fields of all services."""
    doc = f"A face or a body of a sample in dialect {dialect.name}."
    return sample_model(f"{dialect.name.upper()}Object", doc, object_keys(dialect, dialect.codecs, ()))
