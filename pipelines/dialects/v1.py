"""Dialect v1, also spoken on the unversioned 1.0 paths: points in pixels, vocabularies in capitals."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Len
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Key

from models.face.gender import Gender
from models.face.landmarks import LandmarkName
from models.face.pose import Pose
from models.field import Field
from pipelines.dialects.dialect import Dialect, DialectObject, Json, Size
from pipelines.dialects.emotions import read_emotions, write_emotions
from pipelines.errors import Detail, InvalidSample
from pipelines.sample import Landmarks, Point, SampleObject

_POINTS = list(LandmarkName)
_LEFT_EYE, _RIGHT_EYE = _POINTS.index(LandmarkName.LEFT_EYE), _POINTS.index(LandmarkName.RIGHT_EYE)


class Fitter(BaseModel):
    """The 21 points in pixels of the upright image."""

    model_config = ConfigDict(extra="allow")

    fitter_type: Literal["fda"] = "fda"
    keypoints: Annotated[list[float], Len(63, 63)] = Key(description="x, y, 0 of each point")
    left_eye: Point
    right_eye: Point


class V1Emotion(BaseModel):
    """How strongly one emotion shows."""

    confidence: float
    emotion: Literal["ANGRY", "DISGUSTED", "SCARED", "HAPPY", "NEUTRAL", "SAD", "SURPRISED"]


class V1Object(DialectObject):
    """An object as v1 writes it."""

    fitter: Fitter | None = None
    angles: Pose | None = Key(None, description="degrees")
    gender: Literal["MALE", "FEMALE"] | None = None
    emotions: Annotated[list[V1Emotion], Len(7, 7)] | None = None


class V1(Dialect):
    """Dialect v1."""

    name = "v1"
    image_key = "$image"
    image_model = str
    object_model = V1Object
    keys: ClassVar = {
        Field.BBOX: ("confidence", "bbox"),
        Field.LANDMARKS: ("fitter",),
        Field.POSE: ("angles",),
        Field.AGE: ("age",),
        Field.GENDER: ("gender",),
        Field.EMOTIONS: ("emotions",),
    }
    foreign_keys = frozenset({"_image", "keypoints", "pose", "has_medical_mask", "template"})

    def image_text(self, body: Mapping[str, Any]) -> str | None:
        """See `Dialect.image_text`."""
        text = body.get("$image")
        if text is None or isinstance(text, str):
            return text
        raise InvalidSample([Detail(loc=["$image"], msg="Input should be a valid string", type="string_type")])

    def image_value(self, text: str) -> str:
        """See `Dialect.image_value`."""
        return text

    def _read_object(self, given: V1Object, size: Size | None) -> SampleObject:
        return SampleObject(
            object_class=given.object_class or "face",
            confidence=given.confidence,
            bbox=given.bbox,
            landmarks=_read_fitter(given.fitter, size) if given.fitter and size else None,
            pose=given.angles,
            age=given.age,
            gender=Gender("male" if given.gender == "MALE" else "female") if given.gender else None,
            emotions=read_emotions(given.emotions),
        )

    def _write_field(self, field: Field, item: SampleObject, size: Size) -> Json:
        if field is Field.LANDMARKS and item.landmarks:
            return {"fitter": _write_fitter(item.landmarks, size)}
        if field is Field.POSE and item.pose:
            return {"angles": asdict(item.pose)}
        if field is Field.GENDER and item.gender:
            return {"gender": item.gender.value.upper()}
        if field is Field.EMOTIONS and item.emotions:
            return {"emotions": write_emotions(item.emotions, upper=True)}
        raise NotImplementedError(field)


def _read_fitter(fitter: Fitter, size: Size) -> Landmarks:
    height, width = size
    xs, ys = fitter.keypoints[0::3], fitter.keypoints[1::3]
    return [(x / width, y / height) for x, y in zip(xs, ys, strict=True)]


def _write_fitter(landmarks: Landmarks, size: Size) -> Json:
    height, width = size
    points = [[x * width, y * height] for x, y in landmarks]
    return {
        "fitter_type": "fda",
        "keypoints": [number for x, y in points for number in (x, y, 0)],
        "left_eye": points[_LEFT_EYE],
        "right_eye": points[_RIGHT_EYE],
    }
