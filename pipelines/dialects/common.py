"""What the dialects share: fields that they write alike, and those that differ in codec only."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field, WithJsonSchema, create_model

from models.networks.head_pose import Pose
from models.networks.liveness import Liveness
from models.networks.template import decode
from models.services.emotion_estimator import Emotions
from models.services.verify_matcher import Verification
from pipelines.dialects.codec import FieldCodec, WriteContext
from pipelines.encoding import decode_base64
from pipelines.sample import Bbox, Size

EMOTIONS = tuple(emotion.name for emotion in fields(Emotions))


def plain(key: str, kind: Any, **constants: Any) -> FieldCodec:
    """A field that stands in a sample as it is."""
    return FieldCodec(key, kind, lambda value, _: value, lambda value, _: value, constants)


def record(key: str, kind: type[Any], description: str | None = None) -> FieldCodec:
    """A field of several values, of a dataclass, that stand under their own names; other keys beside them are legal."""
    keys: dict[str, Any] = {field.name: (field.type, ...) for field in fields(kind)}
    model: Any = create_model(kind.__name__, __doc__=description, **keys)
    return FieldCodec(key, model, lambda given, _: kind(**given.model_dump()), lambda value, _: asdict(value))


def pose(key: str) -> FieldCodec:
    """The angles of a head."""
    return record(key, Pose, "Degrees; positive: nose to the viewer's right, clockwise, up.")


def liveness(entry: type[BaseModel], spell: Callable[[str], str]) -> FieldCodec:
    """An `entry` of `value` and `confidence`."""

    def read(given: Any, _: Size | None) -> Liveness:
        value: Literal["real", "fake"] = given.value.lower()
        return Liveness(value, given.confidence)

    def write(value: Liveness, _: WriteContext) -> dict[str, Any]:
        return {"confidence": value.confidence, "value": spell(value.value)}

    return FieldCodec("liveness", entry, read, write)


def emotions(entry: type[Any], spell: Callable[[str], str]) -> FieldCodec:
    """The list of seven emotions, each of which is an `entry` of `emotion` and `confidence`."""

    def read(entries: Sequence[Any], _: Size | None) -> Emotions:
        by_name = {one.emotion.lower(): one.confidence for one in entries}
        if missing := [name for name in EMOTIONS if name not in by_name]:
            raise ValueError(f"each emotion must be there once; missing: {', '.join(missing)}")
        return Emotions(**by_name)

    def write(value: Emotions, _: WriteContext) -> list[dict[str, Any]]:
        return [{"confidence": getattr(value, name), "emotion": spell(name)} for name in EMOTIONS]

    kind = Annotated[list[entry], Field(min_length=7, max_length=7)]  # type: ignore[valid-type]
    return FieldCodec("emotions", kind, read, write)


def read_template(text: str) -> bytes:
    """The bytes of a template.

    Raises:
        UndecodableBase64: the text is no base64.
        InvalidTemplate: the bytes are no template of this deployment.
    """
    template = decode_base64(text)
    decode(template)
    return template


def _grows(bbox: Bbox) -> Bbox:
    if bbox[2] <= bbox[0] or bbox[3] <= bbox[1]:
        raise ValueError("x2 must be greater than x1, and y2 greater than y1")
    return bbox


def _write_age(years: float, page: WriteContext) -> str | int:
    return str(round(years)) if page.age_format == "string" else round(years)


CONFIDENCE = plain("confidence", float)
BBOX = FieldCodec(
    "bbox",
    Annotated[Bbox, AfterValidator(_grows), Field(description="x1, y1, x2, y2 relative to the image")],
    lambda value, _: value,
    lambda value, _: list(value),
)
AGE = FieldCodec(
    "age",
    Annotated[float, WithJsonSchema({"type": ["string", "number"], "description": "years; text from service routes"})],
    lambda value, _: value,
    _write_age,
)
VERIFICATION = record("verification", Verification)
