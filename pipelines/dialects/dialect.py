"""What a dialect is: one way to write a sample as JSON.

Dialects convert at the edges: `read` checks what came in and gives the canonical sample, `write` puts the computed
fields over what came in, so that everything else passes through untouched.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, create_model
from pydantic import Field as Key

from models.output import IMAGE, Field
from models.service import ObjectClass
from pipelines.dialects.codec import FieldCodec, Vocabulary, WriteContext
from pipelines.errors import Detail, InvalidSample, details_of
from pipelines.sample import Sample, SampleObject, Size

Json = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Dialect:
    """One way to write samples.

    Attributes:
        vocabulary: its name, and how it writes the values of enumerations.
        image_key: where the image is in a sample.
        image_kind: the type of what is there.
        read_image: gives the base64 of what is there.
        write_image: gives what is there for an image in base64.
        codecs: of the fields of an object, in the order in which answers show them.
        sample_codecs: of the fields beside the objects.
        placeholder: whether `"objects": [{}]` means that faces are to be found first.
        foreign_images: under which keys other dialects keep the image.
        foreign_keys: of objects, which only other dialects know.
    """

    vocabulary: Vocabulary
    image_key: str
    image_kind: Any
    read_image: Callable[[Any], str]
    write_image: Callable[[str], Any]
    codecs: Mapping[Field, FieldCodec]
    sample_codecs: Mapping[Field, FieldCodec]
    placeholder: bool
    foreign_images: frozenset[str] = frozenset()
    foreign_keys: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The name under which callers know it."""
        return self.vocabulary.dialect

    @cached_property
    def object_model(self) -> type[BaseModel]:
        """The schema of an object, whose keys may all be missing."""
        fields: dict[str, Any] = {
            field.name: (codec.kind | None, Key(None, alias=codec.key)) for field, codec in self.codecs.items()
        }
        return create_model(
            f"{self.name.upper()}Object",
            __config__=ConfigDict(extra="allow"),
            id=(Any, None),
            object_class=(ObjectClass | None, Key(None, alias="class")),
            **fields,
        )

    @cached_property
    def _image_adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.image_kind)

    def key_of(self, field: Field) -> str:
        """The key of a field."""
        if field == IMAGE:
            return self.image_key
        return (self.codecs.get(field) or self.sample_codecs[field]).key

    def image_text(self, body: Mapping[str, Any]) -> str | None:
        """The image of a sample as it was sent, in base64; None if there is none.

        Raises:
            InvalidSample: under the key of the image is something else.
        """
        if body.get(self.image_key) is None:
            return None
        try:
            return self.read_image(self._image_adapter.validate_python(body[self.image_key]))
        except ValidationError as error:
            raise InvalidSample(details_of(error, [self.image_key])) from error

    def read(self, body: Mapping[str, Any], size: Size | None, fields: Collection[Field] | None = None) -> Sample:
        """The canonical form of a sample as it was sent.

        Args:
            body: the sample.
            size: of its image; None without one.
            fields: of the objects that are read; others may have any value. If not given, all are read.

        Raises:
            InvalidSample: the schema is broken, or keys of another dialect are mixed in.
            UndecodableBase64: a template is no base64.
            InvalidRequest: a template is not one of ours.
        """
        objects = body.get("objects", [])
        if not isinstance(objects, list):
            raise InvalidSample([Detail(loc=["objects"], msg="Input should be a valid list", type="list_type")])
        details = self.foreign(body)
        more = 0
        read: list[SampleObject] = []
        for index, given in enumerate(objects):
            try:
                read.append(self._read_object(index, given, size, fields))
            except InvalidSample as error:
                details += error.under("objects", index).first
                more += error.more
        if details:
            raise InvalidSample(details, more)
        return Sample(size=size, objects=read)

    def write(
        self,
        sample: Sample,
        sent_sample: Mapping[str, Any],
        *,
        replaces_objects: bool,
        fields: Collection[str],
        context: WriteContext,
    ) -> Json:
        """The answer: what was sent, and the computed fields over it.

        Args:
            sample: has the computed fields.
            sent_sample: the sample as it was sent.
            replaces_objects: whether a service found the objects; what was sent under `objects` is dropped then.
                Without either, the answer has no objects.
            fields: the names of those that were computed; only these are written.
            context: what the writers need besides.
        """
        codecs = [(field.name, codec) for field, codec in self.codecs.items() if field.name in fields]
        sample_codecs = [(field.name, codec) for field, codec in self.sample_codecs.items() if field.name in fields]
        objects: list[Json] = []
        for index, item in enumerate(sample.objects):
            written: Json = (
                {"id": item.id, "class": item.object_class} if replaces_objects else dict(sent_sample["objects"][index])
            )
            _write_fields(item, codecs, written, context)
            objects.append(written)
        answer: Json = (
            {**sent_sample, "objects": objects} if replaces_objects or "objects" in sent_sample else dict(sent_sample)
        )
        _write_fields(sample, sample_codecs, answer, context)
        return answer

    def foreign(self, body: Mapping[str, Any]) -> list[Detail]:
        """The keys of a sample, and of its objects, that belong to another dialect."""
        objects = body.get("objects")
        parts: list[tuple[list[str | int], Any, frozenset[str]]] = [([], body, self.foreign_images)]
        if isinstance(objects, list):
            parts += [(["objects", index], item, self.foreign_keys) for index, item in enumerate(objects)]
        message = f"belongs to another dialect than {self.name}"
        return [
            Detail(loc=[*loc, key], msg=f"`{key}` {message}", type="mixed_dialects")
            for loc, given, keys in parts
            if isinstance(given, Mapping)
            for key in sorted(keys.intersection(given))
        ]

    def _read_object(self, index: int, given: Any, size: Size | None, fields: Collection[Field] | None) -> SampleObject:
        if isinstance(given, Mapping) and fields is not None:
            ignored = {codec.key for field, codec in self.codecs.items() if field not in fields}
            given = {key: value for key, value in given.items() if key not in ignored}
        try:
            checked = self.object_model.model_validate(given)
        except ValidationError as error:
            raise InvalidSample(details_of(error, [])) from error
        values: dict[str, Any] = {}
        for field, codec in self.codecs.items():
            value = getattr(checked, field.name)
            if value is None:
                continue
            try:
                values[field.name] = codec.read(value, size)
            except ValueError as error:
                raise InvalidSample([Detail(loc=[codec.key], msg=str(error), type="value_error")]) from error
        object_class: ObjectClass = getattr(checked, "object_class") or "face"  # noqa: B009 - made at run time
        try:
            return SampleObject(id=index, object_class=object_class, **values)
        except ValidationError as error:
            details = details_of(error, [])
            raise InvalidSample([{**detail, "loc": self._caller_loc(detail["loc"])} for detail in details]) from error

    def _caller_loc(self, loc: list[str | int]) -> list[str | int]:
        """The key of the field in which a canonical location is; the dialects differ in what is below the key."""
        return [codec.key for field, codec in self.codecs.items() if field.name == loc[0]]


def _write_fields(
    holder: Sample | SampleObject, codecs: Collection[tuple[str, FieldCodec]], written: Json, context: WriteContext
) -> None:
    for name, codec in codecs:
        value = getattr(holder, name)
        if value is not None:
            written[codec.key] = codec.write(value, context)
            written.update(codec.constants)
