"""What a dialect is: one way to write a sample as JSON.

Dialects stand at the edges: `read` checks what came in and gives the canonical sample, `write` lays the computed
fields over what came in, so that everything else passes through untouched.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, create_model
from pydantic import Field as Key

from models.field import Field
from models.service import ObjectClass
from pipelines.dialects.codec import FieldCodec, WriteContext
from pipelines.errors import Detail, InvalidSample, details_of
from pipelines.sample import Sample, SampleObject, Size

Json = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Dialect:
    """One way to write samples.

    Attributes:
        name: of the dialect.
        image_key: where the image lies in a sample.
        image_kind: the type of what lies there.
        read_image: gives the base64 of what lies there.
        write_image: gives what lies there for an image in base64.
        codecs: of the fields of an object.
        sample_codecs: of the fields that stand beside the objects.
        placeholder: `"objects": [{}]` stands for faces that are to be found first.
        foreign_images: under which keys other dialects keep the image.
        foreign_keys: of objects, which only other dialects know.
    """

    name: str
    image_key: str
    image_kind: Any
    read_image: Callable[[Any], str]
    write_image: Callable[[str], Any]
    codecs: Mapping[Field, FieldCodec]
    sample_codecs: Mapping[Field, FieldCodec]
    placeholder: bool
    foreign_images: frozenset[str] = frozenset()
    foreign_keys: frozenset[str] = frozenset()

    @cached_property
    def object_model(self) -> type[BaseModel]:
        """The schema of an object, whose keys may all be missing."""
        fields: dict[str, Any] = {
            field.value: (codec.kind | None, Key(None, alias=codec.key)) for field, codec in self.codecs.items()
        }
        return create_model(
            f"{self.name.upper()}Object",
            __config__=ConfigDict(extra="allow"),
            id=(Any, None),
            object_class=(ObjectClass | None, Key(None, alias="class")),
            **fields,
        )

    def key_of(self, field: Field) -> str:
        """The key under which a field stands."""
        if field is Field.IMAGE:
            return self.image_key
        return (self.codecs.get(field) or self.sample_codecs[field]).key

    def image_text(self, body: Mapping[str, Any]) -> str | None:
        """The image of a sample as it was sent, in base64; None if there is none.

        Raises:
            InvalidSample: what stands in the image's place is no image.
        """
        if body.get(self.image_key) is None:
            return None
        try:
            return self.read_image(TypeAdapter(self.image_kind).validate_python(body[self.image_key]))
        except ValidationError as error:
            raise InvalidSample(details_of(error, [self.image_key])) from error

    def read(self, body: Mapping[str, Any], size: Size | None, fields: Collection[Field] = tuple(Field)) -> Sample:
        """The canonical form of a sample as it was sent.

        Args:
            body: the sample.
            size: of its image; None without one.
            fields: of the objects that somebody needs; what stands in others may be anything.

        Raises:
            InvalidSample: the schema is broken, or keys of another dialect are mixed in.
            UndecodableBase64: a template is no base64.
            InvalidRequest: a template is not one of ours.
        """
        objects = body.get("objects", [])
        if not isinstance(objects, list):
            raise InvalidSample([Detail(loc=["objects"], msg="Input should be a valid list", type="list_type")])
        details = self.foreign(body)
        read: list[SampleObject] = []
        for index, given in enumerate(objects):
            try:
                read.append(self._read_object(index, given, size, fields))
            except InvalidSample as error:
                details += error.under("objects", index).details
        if details:
            raise InvalidSample(details)
        return Sample(size=size, objects=read)

    def write(
        self, sample: Sample, given: Mapping[str, Any], *, rebuilt: bool, fields: Sequence[Field], page: WriteContext
    ) -> Json:
        """The answer: what was given, and the computed fields laid over it.

        Args:
            sample: holds the computed fields.
            given: the sample as it was sent.
            rebuilt: the objects were found by a service: what was given under `objects` is dropped.
            fields: those that were computed; only these are written.
            page: what the writers have to know.
        """
        objects: list[Json] = []
        for index, item in enumerate(sample.objects):
            written: Json = {"id": item.id, "class": item.object_class} if rebuilt else dict(given["objects"][index])
            objects.append(written | _written(item, self.codecs, fields, page))
        return {**given, "objects": objects, **_written(sample, self.sample_codecs, fields, page)}

    def foreign(self, body: Mapping[str, Any]) -> list[Detail]:
        """The keys of a sample, and of its objects, that belong to another dialect."""
        objects = body.get("objects")
        places: list[tuple[list[str | int], Any, frozenset[str]]] = [([], body, self.foreign_images)]
        if isinstance(objects, list):
            places += [(["objects", index], item, self.foreign_keys) for index, item in enumerate(objects)]
        message = f"belongs to another dialect than {self.name}"
        return [
            Detail(loc=[*loc, key], msg=f"`{key}` {message}", type="mixed_dialects")
            for loc, given, keys in places
            if isinstance(given, Mapping)
            for key in sorted(keys.intersection(given))
        ]

    def _read_object(self, index: int, given: Any, size: Size | None, fields: Collection[Field]) -> SampleObject:
        ignored = {codec.key for field, codec in self.codecs.items() if field not in fields}
        if isinstance(given, Mapping):
            given = {key: value for key, value in given.items() if key not in ignored}
        try:
            checked = self.object_model.model_validate(given)
        except ValidationError as error:
            raise InvalidSample(details_of(error, [])) from error
        values: dict[str, Any] = {}
        for field, codec in self.codecs.items():
            value = getattr(checked, field.value)
            if value is None:
                continue
            try:
                values[field.value] = codec.read(value, size)
            except ValueError as error:
                raise InvalidSample([Detail(loc=[codec.key], msg=str(error), type="value_error")]) from error
        object_class: ObjectClass = getattr(checked, "object_class") or "face"  # noqa: B009 - made at run time
        try:
            return SampleObject(id=index, object_class=object_class, **values)
        except ValidationError as error:
            details = details_of(error, [])
            raise InvalidSample([{**detail, "loc": self._named(detail["loc"])} for detail in details]) from error

    def _named(self, loc: list[str | int]) -> list[str | int]:
        """A place in a canonical object, as the caller knows it; values in it are written otherwise."""
        return [self.key_of(Field(str(loc[0])))]


def tell_apart(dialects: Sequence[Dialect]) -> Iterator[Dialect]:
    """The dialects, each knowing which keys are foreign to it."""
    for dialect in dialects:
        others = [other for other in dialects if other is not dialect]
        own = {codec.key for codec in dialect.codecs.values()}
        theirs = {codec.key for other in others for codec in other.codecs.values()}
        images = frozenset(other.image_key for other in others)
        yield replace(dialect, foreign_images=images, foreign_keys=frozenset(theirs - own))


def _written(
    holder: Sample | SampleObject, codecs: Mapping[Field, FieldCodec], fields: Sequence[Field], page: WriteContext
) -> Json:
    written: Json = {}
    for field in fields:
        value = getattr(holder, field.value, None)
        if field in codecs and value is not None:
            codec = codecs[field]
            written |= {codec.key: codec.write(value, page), **codec.constants}
    return written
