"""Dialect v2: relative points under their names, vocabularies in small letters.

This file has only the fields whose JSON the contract fixes. All other codecs are derived.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, create_model
from pydantic import Field as Key

from models.networks.landmarks import LandmarkName
from models.networks.mask import MASK
from models.networks.template import SIZE as TEMPLATE_SIZE
from models.output import LANDMARKS, TEMPLATE
from models.services.quality_estimator import QualityAssessmentEstimator
from pipelines.dialects.codec import FieldCodec, Vocabulary, WriteContext, derived_codec
from pipelines.dialects.common import FitterType, common_codecs, read_template
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
_POINTS["fitter_type"] = (FitterType, "fda")
Keypoints = create_model("Keypoints", __config__=ConfigDict(extra="allow"), **_POINTS)


class TemplateArray(BaseModel):
    """The bytes of a template in base64."""

    blob: str
    format: Literal["NDARRAY"] = "NDARRAY"
    dtype: Literal["uint8"] = "uint8"
    shape: list[int] = Key([TEMPLATE_SIZE], max_length=8)


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


_VOCABULARY = Vocabulary("v2", str.lower)

V2 = Dialect(
    vocabulary=_VOCABULARY,
    image_key="_image",
    image_kind=V2Image,
    read_image=lambda image: image.blob,
    write_image=lambda text: {"blob": text, "format": "IMAGE"},
    codecs={
        **common_codecs(_VOCABULARY, pose_key="pose"),
        LANDMARKS: FieldCodec("keypoints", Keypoints, _read_keypoints, _write_keypoints),
        MASK: derived_codec(MASK, _VOCABULARY, key="has_medical_mask"),
        QualityAssessmentEstimator.output: V2_QUALITY,
        TEMPLATE: FieldCodec("template", V2Template, lambda given, _: read_template(given.array.blob), _write_template),
    },
    sample_codecs={},
    placeholder=False,
)
