"""Dialect v2: relative points under their names, vocabularies in small letters."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Len
from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from pydantic import Field as Key

from models.face.gender import Gender
from models.face.landmarks import LandmarkName
from models.face.pose import Pose
from models.field import Field
from pipelines.dialects.dialect import Dialect, DialectObject, Json, Size, details_of
from pipelines.dialects.emotions import read_emotions, write_emotions
from pipelines.errors import InvalidSample
from pipelines.sample import Point, SampleObject


class V2Image(BaseModel):
    """The image in base64."""

    model_config = ConfigDict(extra="allow")

    blob: str
    format: Literal["IMAGE"] = "IMAGE"


class Keypoint(BaseModel):
    """A point, relative to the width and height of the upright image."""

    model_config = ConfigDict(extra="allow")

    proj: Point


class Keypoints(
    create_model("NamedKeypoints", **{name.value: (Keypoint, ...) for name in LandmarkName})  # type: ignore[misc]
):
    """The 21 points by name."""

    model_config = ConfigDict(extra="allow")

    fitter_type: Literal["fda"] = "fda"


class V2Emotion(BaseModel):
    """How strongly one emotion shows."""

    confidence: float
    emotion: Literal["angry", "disgusted", "scared", "happy", "neutral", "sad", "surprised"]


class V2Object(DialectObject):
    """An object as v2 writes it."""

    keypoints: Keypoints | None = None
    pose: Pose | None = Key(None, description="degrees")
    gender: Literal["male", "female"] | None = None
    emotions: Annotated[list[V2Emotion], Len(7, 7)] | None = None


class V2(Dialect):
    """Dialect v2."""

    name = "v2"
    image_key = "_image"
    image_model = V2Image
    object_model = V2Object
    keys: ClassVar = {
        Field.BBOX: ("confidence", "bbox"),
        Field.LANDMARKS: ("keypoints",),
        Field.POSE: ("pose",),
        Field.AGE: ("age",),
        Field.GENDER: ("gender",),
        Field.EMOTIONS: ("emotions",),
    }
    foreign_keys = frozenset({"$image", "fitter", "angles", "mask", "$template"})

    def image_text(self, body: Mapping[str, Any]) -> str | None:
        """See `Dialect.image_text`."""
        given = body.get("_image")
        if given is None:
            return None
        try:
            return V2Image.model_validate(given).blob
        except ValidationError as error:
            raise InvalidSample(details_of(error, ["_image"])) from error

    def image_value(self, text: str) -> Json:
        """See `Dialect.image_value`."""
        return {"blob": text, "format": "IMAGE"}

    def _read_object(self, given: V2Object, size: Size | None) -> SampleObject:
        points = given.keypoints
        return SampleObject(
            object_class=given.object_class or "face",
            confidence=given.confidence,
            bbox=given.bbox,
            landmarks=[getattr(points, name).proj for name in LandmarkName] if points else None,
            pose=given.pose,
            age=given.age,
            gender=Gender(given.gender) if given.gender else None,
            emotions=read_emotions(given.emotions),
        )

    def _write_field(self, field: Field, item: SampleObject, size: Size) -> Json:
        if field is Field.LANDMARKS and item.landmarks:
            points = {
                name.value: {"proj": list(point)} for name, point in zip(LandmarkName, item.landmarks, strict=True)
            }
            return {"keypoints": {**points, "fitter_type": "fda"}}
        if field is Field.POSE and item.pose:
            return {"pose": asdict(item.pose)}
        if field is Field.GENDER and item.gender:
            return {"gender": item.gender.value}
        if field is Field.EMOTIONS and item.emotions:
            return {"emotions": write_emotions(item.emotions, upper=False)}
        raise NotImplementedError(field)
