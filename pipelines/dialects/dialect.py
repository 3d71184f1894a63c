"""What a dialect is: one way to write a sample as JSON.

Dialects stand at the edges: `read` checks what came in and gives the canonical sample, `write` lays the computed
fields over what came in, so that everything else passes through untouched.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
from pydantic import Field as Key

from models.field import Field
from models.service import ObjectClass
from pipelines.errors import Detail, InvalidSample
from pipelines.sample import Bbox, Sample, SampleObject

Json = dict[str, Any]
Size = tuple[int, int]
"""(height, width) of the upright image in pixels."""
AgeFormat = Literal["string", "number"]


def _grows(bbox: Bbox) -> Bbox:
    if bbox[2] <= bbox[0] or bbox[3] <= bbox[1]:
        raise ValueError("x2 must be greater than x1, and y2 greater than y1")
    return bbox


class DialectObject(BaseModel):
    """The keys of an object that all dialects share; each dialect adds its own."""

    model_config = ConfigDict(extra="allow")

    id: int | None = None
    object_class: ObjectClass | None = Key(None, alias="class")
    confidence: float | None = None
    bbox: Annotated[Bbox, AfterValidator(_grows)] | None = Key(None, description="x1, y1, x2, y2 relative to the image")
    age: float | None = Key(None, description="years: a string from a service route, a number from a job")


class Dialect(ABC):
    """One way to write samples.

    Attributes:
        image_key: where the image lies in a sample.
        image_model: the schema of what lies there.
        object_model: the schema of an object.
        keys: the keys of an object that hold a field.
        foreign_keys: keys that belong to another dialect; a sample that has one is refused.
    """

    name: ClassVar[str]
    image_key: ClassVar[str]
    image_model: ClassVar[Any]
    object_model: ClassVar[type[DialectObject]]
    keys: ClassVar[Mapping[Field, tuple[str, ...]]]
    foreign_keys: ClassVar[frozenset[str]]

    @abstractmethod
    def image_text(self, body: Mapping[str, Any]) -> str | None:
        """The image of a sample as it was sent, in base64; None if there is none.

        Raises:
            InvalidSample: what stands in the image's place is no image.
        """

    @abstractmethod
    def image_value(self, text: str) -> Any:
        """What stands under `image_key` for an image in base64."""

    @abstractmethod
    def _read_object(self, given: Any, size: Size | None) -> SampleObject:
        """The canonical form of an object that fits the schema.

        Raises:
            ValueError: a field contradicts itself.
        """

    @abstractmethod
    def _write_field(self, field: Field, item: SampleObject, size: Size) -> Json:
        """The keys of one field of an object."""

    def read(self, body: Mapping[str, Any], size: Size | None) -> Sample:
        """The canonical form of a sample as it was sent.

        Args:
            body: the sample.
            size: of its image; None without one.

        Raises:
            InvalidSample: the schema is broken, or keys of another dialect are mixed in.
        """
        objects = body.get("objects", [])
        if not isinstance(objects, list):
            raise InvalidSample([Detail(loc=["objects"], msg="Input should be a valid list", type="list_type")])
        details = self.foreign(body)
        read: list[SampleObject] = []
        for index, given in enumerate(objects):
            loc: list[str | int] = ["objects", index]
            try:
                item = self._read_object(self.object_model.model_validate(given), size)
                read.append(item.model_copy(update={"id": index}))
            except ValidationError as error:
                details += details_of(error, loc)
            except ValueError as error:
                details.append(Detail(loc=loc, msg=str(error), type="value_error"))
        if details:
            raise InvalidSample(details)
        return Sample(size=size, objects=read)

    def foreign(self, body: Mapping[str, Any]) -> list[Detail]:
        """The keys of a sample, and of its objects, that belong to another dialect."""
        objects = body.get("objects")
        places: list[tuple[list[str | int], Any]] = [([], body)]
        if isinstance(objects, list):
            places += [(["objects", index], item) for index, item in enumerate(objects)]
        return [
            Detail(loc=[*loc, key], msg=f"`{key}` belongs to another dialect than {self.name}", type="mixed_dialects")
            for loc, given in places
            if isinstance(given, Mapping)
            for key in sorted(self.foreign_keys.intersection(given))
        ]

    def write(
        self,
        sample: Sample,
        given: Mapping[str, Any],
        *,
        rebuilt: bool,
        fields: Sequence[Field],
        age_format: AgeFormat,
    ) -> Json:
        """The answer: what was given, and the computed fields laid over it.

        Args:
            sample: holds the computed fields.
            given: the sample as it was sent.
            rebuilt: the objects were found by a service: what was given under `objects` is dropped.
            fields: the fields that were computed; only these are written.
            age_format: ages as `"25"` or as `25`.
        """
        objects: list[Json] = []
        for index, item in enumerate(sample.objects):
            written: Json = {"id": item.id, "class": item.object_class} if rebuilt else dict(given["objects"][index])
            for field in fields:
                if item.has(field):
                    written |= self.write_field(field, item, sample.size or (0, 0), age_format)
            objects.append(written)
        return {**given, "objects": objects}

    def write_field(self, field: Field, item: SampleObject, size: Size, age_format: AgeFormat) -> Json:
        """The keys of one field that an object has."""
        if field is Field.BBOX and item.bbox:
            return {"confidence": item.confidence, "bbox": list(item.bbox)}
        if field is Field.AGE and item.age is not None:
            years = round(item.age)
            return {"age": str(years) if age_format == "string" else years}
        return self._write_field(field, item, size)


def details_of(error: ValidationError, loc: list[str | int]) -> list[Detail]:
    """What pydantic found wrong, at `loc` and below."""
    # The input is left out: it may be somebody's template, and a large one.
    entries = error.errors(include_url=False, include_context=False, include_input=False)
    return [Detail(loc=[*loc, *entry["loc"]], msg=entry["msg"], type=entry["type"]) for entry in entries]
