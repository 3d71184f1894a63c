"""The JSON schemas of the routes that read their bodies themselves, made from the models of the dialects."""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, ConfigDict, create_model
from pydantic import Field as Key

from models.errors import DeclarationError
from models.output import IMAGE as IMAGE_FIELD
from models.output import Field
from models.service import DetectingService, Service
from pipelines.dialects import Dialect
from pipelines.dialects.codec import FieldCodec

Content = dict[str, Any]

IMAGE = {"type": "string", "format": "binary", "description": "jpg, png, bmp or webp"}

ERRORS: dict[int | str, dict[str, Any]] = {
    413: {"description": "The image has too many bytes."},
    415: {"description": "The body, or a part of it, is of another media type than the route takes."},
    422: {"description": "The sample or its image cannot be processed; `detail` says why."},
    429: {"description": "The queue is full; try again after `Retry-After` seconds."},
    503: {"description": "No worker takes the service's tasks, or the store does not answer."},
}


class Schemas:
    """Makes the schemas and keeps them as the components of an OpenAPI document."""

    def __init__(self) -> None:
        self.components: dict[str, Any] = {}

    def request(self, service: type[Service], dialect: Dialect) -> Content:
        """The body of a sample route: the image, and objects with what the service needs."""
        name = f"{_title(service)}{dialect.name.upper()}Request"
        keys: dict[str, Any] = _image(dialect, required=IMAGE_FIELD in service.needs)
        if not issubclass(service, DetectingService):
            # Where a dialect has the placeholder, an object may be empty.
            required = set() if dialect.placeholder and service.needs_only_boxes() else service.needs
            keys["objects"] = (list[_object(f"{name}Object", dialect, service.needs, required)], ...)  # type: ignore[misc]
        return self.json(_sample(name, keys), example(service.name, dialect, "request"))

    def answer(self, service: type[Service], dialect: Dialect) -> Content:
        """The answer: the image if one came, and objects with what the service gives."""
        name = f"{_title(service)}{dialect.name.upper()}Answer"
        item = _object(f"{name}Object", dialect, service.needs | service.gives, service.gives)
        keys: dict[str, Any] = {
            **_image(dialect, required=IMAGE_FIELD in service.needs),
            "objects": (list[item], ...),  # type: ignore[valid-type]
            **_fields(dialect.sample_codecs, service.gives, service.gives),
        }
        return self.json(_sample(name, keys), example(service.name, dialect, "response"))

    def json(self, model: type[BaseModel], shown: Any = None) -> Content:
        """A body of JSON."""
        media: Content = {"schema": self._component(model)}
        if shown is not None:
            media["example"] = shown
        return {"content": {"application/json": media}}

    def form(self, model: type[BaseModel] | None = None) -> Content:
        """A form with an image, and with the fields of a model."""
        schema: Content = {"type": "object", "required": ["image"], "properties": {"image": IMAGE}}
        if model is not None:
            fields = self._component(model)
            schema = {"allOf": [schema, fields]}
        return {"content": {"multipart/form-data": {"schema": schema}}}

    def _component(self, model: type[BaseModel]) -> Content:
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        add_schemas(self.components, {**schema.pop("$defs", {}), model.__name__: schema})
        return {"$ref": f"#/components/schemas/{model.__name__}"}


def add_schemas(components: dict[str, Any], schemas: Mapping[str, Any]) -> None:
    """Add schemas to the components of a document.

    Raises:
        DeclarationError: another schema has the name of one.
    """
    for name, schema in schemas.items():
        if components.setdefault(name, schema) != schema:
            raise DeclarationError(f"two schemas have the name {name}; rename the dataclass of the service's output")


@cache
def example(service: str, dialect: Dialect, kind: str) -> Any:
    """The contract's example of a service; None if there is none."""
    file = files("api.openapi") / "examples" / dialect.name / f"{service}.{kind}.json"
    return json.loads(file.read_text()) if file.is_file() else None


def _title(service: type[Service]) -> str:
    return "".join(part.capitalize() for part in service.name.split("-"))


def _sample(name: str, keys: dict[str, Any]) -> type[BaseModel]:
    return create_model(name, __config__=ConfigDict(extra="allow"), **keys)


def _image(dialect: Dialect, *, required: bool) -> dict[str, Any]:
    kind, default = (dialect.image_kind, ...) if required else (dialect.image_kind | None, None)
    return {"image": (kind, Key(default, alias=dialect.image_key))}


def _object(name: str, dialect: Dialect, fields: Iterable[Field], required: Iterable[Field]) -> type[BaseModel]:
    known = dialect.object_model.model_fields
    always = {key: (known[key].annotation, known[key]) for key in ("id", "object_class")}
    return _sample(name, {**always, **_fields(dialect.codecs, fields, required)})


def _fields(codecs: Mapping[Field, FieldCodec], fields: Iterable[Field], required: Iterable[Field]) -> dict[str, Any]:
    wanted, needed = set(fields), set(required)
    chosen: dict[str, Any] = {}
    for field, codec in codecs.items():
        if field in wanted:
            kind, default = (codec.kind, ...) if field in needed else (codec.kind | None, None)
            chosen[field.name] = (kind, Key(default, alias=codec.key))
            for key, value in codec.constants.items():
                chosen[key] = (type(value) | None, Key(None))
    return chosen
