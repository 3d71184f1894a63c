"""Dialect v1, also spoken on the unversioned 1.0 paths: points in pixels, vocabularies in capitals.

This file has only the fields whose JSON the contract fixes. All other codecs are derived.
"""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Strict
from pydantic import Field as Key

from models.networks.landmarks import LandmarkName
from models.output import LANDMARKS, TEMPLATE
from models.services.quality_estimator import QualityAssessmentEstimator
from pipelines.dialects.codec import FieldCodec, Vocabulary, WriteContext
from pipelines.dialects.common import FitterType, common_codecs, read_template
from pipelines.dialects.dialect import Dialect
from pipelines.dialects.quality import V1_QUALITY
from pipelines.encoding import encode_base64
from pipelines.sample import FARTHEST, Landmarks, Size

_POINTS = list(LandmarkName)
# The contract has this size, whatever the real one; it is not read.
_TEMPLATE_SIZE = 74
_LEFT_EYE, _RIGHT_EYE = _POINTS.index(LandmarkName.LEFT_EYE), _POINTS.index(LandmarkName.RIGHT_EYE)


_Pixels = Annotated[float, Strict()]


class Fitter(BaseModel):
    """The 21 points in pixels of the upright image."""

    model_config = ConfigDict(extra="allow")

    fitter_type: FitterType = "fda"
    keypoints: Annotated[list[_Pixels], Key(min_length=63, max_length=63, description="x, y, 0 of each point")]
    left_eye: tuple[_Pixels, _Pixels]
    right_eye: tuple[_Pixels, _Pixels]


def _read_fitter(fitter: Fitter, size: Size | None) -> Landmarks | None:
    if size is None:
        return None
    height, width = size
    xs, ys = fitter.keypoints[0::3], fitter.keypoints[1::3]
    points = {
        "keypoints": [*zip(xs, ys, strict=True)],
        "left_eye": [fitter.left_eye],
        "right_eye": [fitter.right_eye],
    }
    for key, given in points.items():
        if any(abs(x) > FARTHEST * width or abs(y) > FARTHEST * height for x, y in given):
            raise ValueError(
                f"points of `{key}` are in pixels: x from {-FARTHEST * width} to {FARTHEST * width}, "
                f"y from {-FARTHEST * height} to {FARTHEST * height}"
            )
    return [(x / width, y / height) for x, y in zip(xs, ys, strict=True)]


def _write_fitter(landmarks: Landmarks, context: WriteContext) -> dict[str, Any]:
    height, width = context.size
    points = [[x * width, y * height] for x, y in landmarks]
    return {
        "fitter_type": "fda",
        "keypoints": [number for x, y in points for number in (x, y, 0)],
        "left_eye": points[_LEFT_EYE],
        "right_eye": points[_RIGHT_EYE],
    }


_VOCABULARY = Vocabulary("v1", str.upper)

V1 = Dialect(
    vocabulary=_VOCABULARY,
    image_key="$image",
    image_kind=str,
    read_image=lambda text: text,
    write_image=lambda text: text,
    codecs={
        **common_codecs(_VOCABULARY, pose_key="angles"),
        LANDMARKS: FieldCodec("fitter", Fitter, _read_fitter, _write_fitter),
        QualityAssessmentEstimator.output: V1_QUALITY,
        TEMPLATE: FieldCodec(
            "$template",
            str,
            lambda text, _: read_template(text),
            lambda template, _: encode_base64(template),
            {"template_size": _TEMPLATE_SIZE},
        ),
    },
    sample_codecs={},
    placeholder=True,
)
