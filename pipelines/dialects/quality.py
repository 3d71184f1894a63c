"""How the dialects write the 29 values of a quality assessment."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from pydantic import BaseModel, create_model
from pydantic.alias_generators import to_camel

from models.quality.quality import Quality
from pipelines.dialects.codec import FieldCodec, WriteContext
from pipelines.sample import Size

Json = dict[str, Any]

_PERCENT = 100
_TYPES = {field.name: field.type for field in fields(Quality)}
_SCORES = frozenset(name for name in _TYPES if name.endswith("_score"))
_V1_KEYS = {name: to_camel(name) for name in _TYPES}


def _model(name: str, kinds: dict[str, Any]) -> type[BaseModel]:
    definitions: dict[str, Any] = {key: (kind, ...) for key, kind in kinds.items()}
    return create_model(name, **definitions)


def _codec(kind: type[BaseModel], read: Callable[[Json], Quality], write: Callable[[Quality], Json]) -> FieldCodec:
    def read_model(given: BaseModel, _: Size | None) -> Quality:
        return read(given.model_dump())

    def write_model(value: Quality, _: WriteContext) -> Json:
        return write(value)

    return FieldCodec("quality", kind, read_model, write_model)


def _read_v1(given: Json) -> Quality:
    return Quality(**{name: given["qaa"][key] for name, key in _V1_KEYS.items()})


def _write_v1(quality: Quality) -> Json:
    return {"qaa": {key: getattr(quality, name) for name, key in _V1_KEYS.items()}}


def _read_v2(given: Json) -> Quality:
    return Quality(**{key: round(_PERCENT * value) if key in _SCORES else value for key, value in given.items()})


def _write_v2(quality: Quality) -> Json:
    return {name: getattr(quality, name) / _PERCENT if name in _SCORES else getattr(quality, name) for name in _TYPES}


_V1_FIELDS = _model("V1QualityFields", {key: _TYPES[name] for name, key in _V1_KEYS.items()})

V1_QUALITY = _codec(_model("V1Quality", {"qaa": _V1_FIELDS}), _read_v1, _write_v1)
"""Names in camel case; scores from 0 to 100."""

V2_QUALITY = _codec(
    _model("V2Quality", {name: float if name in _SCORES else kind for name, kind in _TYPES.items()}),
    _read_v2,
    _write_v2,
)
"""Names in snake case; scores from 0 to 1, the dynamic range from 0 to 2.55."""
