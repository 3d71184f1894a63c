"""The JSON schemas of the routes that read their bodies themselves, made from the models of the dialects."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated, Any

from pydantic import BaseModel, WithJsonSchema, create_model

from api.errors import ErrorBody
from api.openapi.example_files import service_example
from models.errors import DeclarationError
from models.output import IMAGE
from models.service import DetectingService, Service
from pipelines.dialects import Dialect
from pipelines.dialects.sample_schema import field_keys, image_key, object_keys, sample_model

Content = dict[str, Any]

BINARY = {"type": "string", "format": "binary"}

_JSON = "application/json"
_SCHEMA = "#/components/schemas/"

ERROR: Content = {"content": {_JSON: {"schema": {"$ref": f"{_SCHEMA}{ErrorBody.__name__}"}}}}
"""The body of an error response."""

_ImageFile = Annotated[
    bytes,
    WithJsonSchema(
        {**BINARY, "description": "jpg, png, bmp or webp; with the extra `formats` also heic, avif and tiff"}
    ),
]


class ImageForm(BaseModel):
    """A form with an image."""

    image: _ImageFile


class PhotoPairForm(BaseModel):
    """A form with two photos."""

    image_a: _ImageFile
    image_b: _ImageFile


class Schemas:
    """Makes the schemas and keeps them as the components of an OpenAPI document."""

    def __init__(self) -> None:
        self.components: dict[str, Any] = {}
        self._described: dict[str, type[BaseModel]] = {}
        self._component(ErrorBody)

    def request(self, service: type[Service], dialect: Dialect) -> Content:
        """The body of a sample route: the image, and objects with what the service needs."""
        return self.json(_request(service, dialect), service_example(service.name, dialect, "request"))

    def answer(self, service: type[Service], dialect: Dialect) -> Content:
        """The answer: the image if one came, and objects with what the service gives."""
        return self.json(_answer(service, dialect), service_example(service.name, dialect, "response"))

    def json(self, model: type[BaseModel], example: Any = None) -> Content:
        """A body of JSON."""
        return _content([_JSON], self._component(model), example)

    def json_of_either(self, models: Sequence[type[BaseModel]], example: Any) -> Content:
        """A body of JSON that fits one of several models."""
        return _content([_JSON], {"anyOf": [self._component(model) for model in models]}, example)

    def lines(self, row: type[BaseModel], media_types: Sequence[str], example: str | None = None) -> Content:
        """A body of lines, each of which is JSON: a text for OpenAPI, which names the schema of one line."""
        description = f"each line is a JSON object, a `{row.__name__}`"
        schema = {"type": "string", "description": description, "contentSchema": self._component(row)}
        return _content(media_types, schema, example)

    def form(
        self,
        options: type[BaseModel] | None = None,
        example: Mapping[str, Any] | None = None,
        images: type[BaseModel] = ImageForm,
    ) -> Content:
        """A form with images, and with the fields of a model.

        Args:
            options: the model; the form has the images alone if not given.
            example: of some of its fields.
            images: the model of the images.
        """
        model = images
        if options is not None:
            model = create_model(f"{options.__name__}Form", __base__=(images, options), __doc__=options.__doc__)
        form = self._component(model)
        for name, value in (example or {}).items():
            self.components[model.__name__]["properties"][name]["examples"] = [value]
        return _content(["multipart/form-data"], form)

    def _component(self, model: type[BaseModel]) -> Content:
        name = model.__name__
        if self._described.get(name) is not model:
            schema = _without_nulls(model.model_json_schema(ref_template=f"{_SCHEMA}{{model}}"))
            add_schemas(self.components, {**schema.pop("$defs", {}), name: schema})
            self._described[name] = model
        return {"$ref": f"{_SCHEMA}{name}"}


def add_schemas(components: dict[str, Any], schemas: Mapping[str, Any]) -> None:
    """Add schemas to the components of a document.

    Raises:
        DeclarationError: another schema has the name of one.
    """
    for name, schema in schemas.items():
        if components.setdefault(name, schema) != schema:
            raise DeclarationError(f"two schemas have the name {name}; rename the dataclass of the service's output")


@cache
def _request(service: type[Service], dialect: Dialect) -> type[BaseModel]:
    name = f"{_title(service)}{dialect.name.upper()}Request"
    keys: dict[str, Any] = image_key(dialect, required=IMAGE in service.needs)
    if not issubclass(service, DetectingService):
        # Where a dialect has the placeholder, an object may be empty.
        required = set() if dialect.placeholder and service.needs_only_boxes() else service.needs
        item_keys = object_keys(dialect, service.needs, required)
        item = sample_model(f"{name}Object", f"An object that {service.name} takes.", item_keys)
        keys["objects"] = (list[item], ...)  # type: ignore[valid-type]
    return sample_model(name, f"The sample that {service.name} takes.", keys)


@cache
def _answer(service: type[Service], dialect: Dialect) -> type[BaseModel]:
    name = f"{_title(service)}{dialect.name.upper()}Answer"
    item_keys = object_keys(dialect, service.needs | service.gives, service.gives)
    item = sample_model(f"{name}Object", f"An object that {service.name} gives.", item_keys)
    keys: dict[str, Any] = {
        **image_key(dialect, required=IMAGE in service.needs),
        "objects": (list[item], ...),  # type: ignore[valid-type]
        **field_keys(dialect.sample_codecs, service.gives, service.gives),
    }
    return sample_model(name, f"The sample that {service.name} gives.", keys)


def _content(media_types: Sequence[str], schema: Content, example: Any = None) -> Content:
    media = {"schema": schema} if example is None else {"schema": schema, "example": example}
    return {"content": dict.fromkeys(media_types, media)}


def _without_nulls(value: Any) -> Any:
    """JSON without the keys whose value is null, as FastAPI writes it."""
    if isinstance(value, dict):
        return {key: _without_nulls(part) for key, part in value.items() if part is not None}
    return [_without_nulls(part) for part in value] if isinstance(value, list) else value


def _title(service: type[Service]) -> str:
    return "".join(part.capitalize() for part in service.name.split("-"))
