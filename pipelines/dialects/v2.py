"""Dialect v2: relative points under their names, vocabularies in small letters."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, create_model
from pydantic import Field as Key

from models.field import Field
from models.networks.landmarks import LandmarkName
from models.networks.template import SIZE as TEMPLATE_SIZE
from models.services.gender_estimator import Gender
from models.services.mask_estimator import Mask
from pipelines.dialects.codec import FieldCodec, WriteContext
from pipelines.dialects.common import (
    AGE,
    BBOX,
    CONFIDENCE,
    VERIFICATION,
    emotions,
    liveness,
    pose,
    read_template,
    record,
)
from pipelines.dialects.dialect import Dialect
from pipelines.dialects.quality import V2_QUALITY
from pipelines.encoding import encode_base64
from pipelines.sample import Landmarks, Point, Size


class V2Image(BaseModel):
    """The image in base64."""

    model_config = ConfigDict(extra="allow")

    blob: str
    format: Literal["IMAGE"] = "IMAGE"


class Keypoint(BaseModel):
    """A point, relative to the width and height of the upright image."""

    model_config = ConfigDict(extra="allow")

    proj: Point


_POINTS: dict[str, Any] = {name.value: (Keypoint, ...) for name in LandmarkName}
_POINTS["fitter_type"] = (Literal["fda"], "fda")
Keypoints = create_model("Keypoints", __config__=ConfigDict(extra="allow"), **_POINTS)


class V2Emotion(BaseModel):
    """How strongly one emotion shows."""

    confidence: float
    emotion: Literal["angry", "disgusted", "scared", "happy", "neutral", "sad", "surprised"]


class V2Liveness(BaseModel):
    """Whether a face is there in person."""

    confidence: float
    value: Literal["real", "fake"]


class TemplateArray(BaseModel):
    """The bytes of a template in base64."""

    blob: str
    format: Literal["NDARRAY"] = "NDARRAY"
    dtype: Literal["uint8"] = "uint8"
    shape: list[int] = [TEMPLATE_SIZE]


class V2Template(BaseModel):
    """A template under the name of its extractor."""

    array: TemplateArray = Key(alias="_face_template_extractor_1000_12")


def _write_template(template: bytes, _: WriteContext) -> dict[str, Any]:
    return V2Template(_face_template_extractor_1000_12=TemplateArray(blob=encode_base64(template))).model_dump(
        by_alias=True
    )


def _read_keypoints(keypoints: BaseModel, _: Size | None) -> Landmarks:
    return [getattr(keypoints, name).proj for name in LandmarkName]


def _write_keypoints(landmarks: Landmarks, _: WriteContext) -> dict[str, Any]:
    named = zip(LandmarkName, landmarks, strict=True)
    return {**{name.value: {"proj": list(point)} for name, point in named}, "fitter_type": "fda"}


V2 = Dialect(
    name="v2",
    image_key="_image",
    image_kind=V2Image,
    read_image=lambda image: image.blob,
    write_image=lambda text: {"blob": text, "format": "IMAGE"},
    codecs={
        Field.CONFIDENCE: CONFIDENCE,
        Field.BBOX: BBOX,
        Field.LANDMARKS: FieldCodec("keypoints", Keypoints, _read_keypoints, _write_keypoints),
        Field.POSE: pose("pose"),
        Field.AGE: AGE,
        Field.GENDER: FieldCodec(
            "gender", Literal["male", "female"], lambda value, _: Gender(value), lambda gender, _: gender.value
        ),
        Field.EMOTIONS: emotions(V2Emotion, str.lower),
        Field.LIVENESS: liveness(V2Liveness, str.lower),
        Field.MASK: record("has_medical_mask", Mask),
        Field.QUALITY: V2_QUALITY,
        Field.TEMPLATE: FieldCodec(
            "template", V2Template, lambda given, _: read_template(given.array.blob), _write_template
        ),
    },
    sample_codecs={Field.VERIFICATION: VERIFICATION},
    placeholder=False,
)
