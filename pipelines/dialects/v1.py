"""Dialect v1, also spoken on the unversioned 1.0 paths: points in pixels, vocabularies in capitals."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Key

from models.field import Field
from models.networks.landmarks import LandmarkName
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
from pipelines.dialects.quality import V1_QUALITY
from pipelines.encoding import encode_base64
from pipelines.sample import Landmarks, Size

_POINTS = list(LandmarkName)
# What callers have always been told, whatever the size; it is not read.
_TEMPLATE_SIZE = 74
_LEFT_EYE, _RIGHT_EYE = _POINTS.index(LandmarkName.LEFT_EYE), _POINTS.index(LandmarkName.RIGHT_EYE)


class Fitter(BaseModel):
    """The 21 points in pixels of the upright image."""

    model_config = ConfigDict(extra="allow")

    fitter_type: Literal["fda"] = "fda"
    keypoints: Annotated[list[float], Key(min_length=63, max_length=63, description="x, y, 0 of each point")]
    left_eye: tuple[float, float]
    right_eye: tuple[float, float]


class V1Emotion(BaseModel):
    """How strongly one emotion shows."""

    confidence: float
    emotion: Literal["ANGRY", "DISGUSTED", "SCARED", "HAPPY", "NEUTRAL", "SAD", "SURPRISED"]


class V1Liveness(BaseModel):
    """Whether a face is there in person."""

    confidence: float
    value: Literal["REAL", "FAKE"]


def _read_fitter(fitter: Fitter, size: Size | None) -> Landmarks | None:
    if size is None:
        return None
    height, width = size
    xs, ys = fitter.keypoints[0::3], fitter.keypoints[1::3]
    return [(x / width, y / height) for x, y in zip(xs, ys, strict=True)]


def _write_fitter(landmarks: Landmarks, page: WriteContext) -> dict[str, Any]:
    height, width = page.size
    points = [[x * width, y * height] for x, y in landmarks]
    return {
        "fitter_type": "fda",
        "keypoints": [number for x, y in points for number in (x, y, 0)],
        "left_eye": points[_LEFT_EYE],
        "right_eye": points[_RIGHT_EYE],
    }


V1 = Dialect(
    name="v1",
    image_key="$image",
    image_kind=str,
    read_image=lambda text: text,
    write_image=lambda text: text,
    codecs={
        Field.CONFIDENCE: CONFIDENCE,
        Field.BBOX: BBOX,
        Field.LANDMARKS: FieldCodec("fitter", Fitter, _read_fitter, _write_fitter),
        Field.POSE: pose("angles"),
        Field.AGE: AGE,
        Field.GENDER: FieldCodec(
            "gender",
            Literal["MALE", "FEMALE"],
            lambda value, _: Gender(value.lower()),
            lambda gender, _: gender.value.upper(),
        ),
        Field.EMOTIONS: emotions(V1Emotion, str.upper),
        Field.LIVENESS: liveness(V1Liveness, str.upper),
        Field.MASK: record("mask", Mask),
        Field.QUALITY: V1_QUALITY,
        Field.TEMPLATE: FieldCodec(
            "$template",
            str,
            lambda text, _: read_template(text),
            lambda template, _: encode_base64(template),
            {"template_size": _TEMPLATE_SIZE},
        ),
    },
    sample_codecs={Field.VERIFICATION: VERIFICATION},
    placeholder=True,
)
