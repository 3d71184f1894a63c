"""The JSON schemas of the service routes, made of the dialects' own models."""

from collections.abc import Iterable
from types import NoneType
from typing import Any, Union, get_args

from pydantic import BaseModel, ConfigDict, create_model
from pydantic import Field as Key
from pydantic.fields import FieldInfo

from models.field import Field
from models.service import DetectingService, Service
from pipelines.dialects import Dialect
from pipelines.dialects.v1 import V1

Content = dict[str, Any]

IMAGE_FORM: Content = {
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["image"],
                "properties": {"image": {"type": "string", "format": "binary", "description": "jpg, png, bmp or webp"}},
            }
        }
    }
}

ERRORS: dict[int | str, dict[str, Any]] = {
    413: {"description": "The image has too many bytes."},
    422: {"description": "The sample or its image cannot be processed; `detail` says why."},
    429: {"description": "The queue is full; come back after `Retry-After` seconds."},
    503: {"description": "No worker takes the service's tasks, or the store is away."},
    504: {"description": "The answer took too long; `detail` names the job, which goes on."},
}


class Schemas:
    """Makes the schemas and keeps them as the components of an OpenAPI document."""

    def __init__(self) -> None:
        self.components: dict[str, Any] = {}

    def request(self, service: type[Service], dialect: Dialect) -> Content:
        """The body of a sample route: the image and what the service needs."""
        needs = service.needs - {Field.IMAGE}
        # Where a dialect knows the placeholder, an object may be empty.
        lax = isinstance(dialect, V1) and needs == {Field.BBOX}
        name = f"{_title(service)}{dialect.name.upper()}Request"
        keys: dict[str, Any] = _image(dialect) if Field.IMAGE in service.needs else {}
        if not issubclass(service, DetectingService):
            required = set() if lax else _names(dialect, needs)
            keys["objects"] = (list[_object(f"{name}Object", dialect, needs, required)], ...)  # type: ignore[misc]
        return self._content(create_model(name, __config__=ConfigDict(extra="allow"), **keys))

    def answer(self, service: type[Service], dialect: Dialect) -> Content:
        """The answer: the image, and objects with what the service gives."""
        name = f"{_title(service)}{dialect.name.upper()}Answer"
        required = _names(dialect, service.gives)
        item = _object(f"{name}Object", dialect, service.needs | service.gives, required)
        keys: dict[str, Any] = {**_image(dialect), "objects": (list[item], ...)}  # type: ignore[valid-type]
        return self._content(create_model(name, __config__=ConfigDict(extra="allow"), **keys))

    def _content(self, model: type[BaseModel]) -> Content:
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        self.components |= schema.pop("$defs", {})
        self.components[model.__name__] = schema
        return {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}}}


def _title(service: type[Service]) -> str:
    return "".join(part.capitalize() for part in service.name.split("-"))


def _image(dialect: Dialect) -> dict[str, Any]:
    return {"image": (dialect.image_model, Key(alias=dialect.image_key))}


def _names(dialect: Dialect, fields: Iterable[Field]) -> set[str]:
    return {key for field in fields for key in dialect.keys.get(field, ())}


def _object(name: str, dialect: Dialect, fields: Iterable[Field], required: set[str]) -> type[BaseModel]:
    known = dialect.object_model.model_fields
    wanted = {"id", "class", *_names(dialect, fields)}
    chosen: dict[str, Any] = {}
    for field, info in known.items():
        key = info.alias or field
        if key in wanted:
            chosen[field] = _required(info) if key in required else (info.annotation, info)
    return create_model(name, __config__=ConfigDict(extra="allow"), **chosen)


def _required(info: FieldInfo) -> tuple[Any, Any]:
    present = tuple(kind for kind in get_args(info.annotation) if kind is not NoneType)
    return (
        Union[present],  # noqa: UP007 - of a tuple that is known at run time only
        Key(..., alias=info.alias, description=info.description),
    )
