"""The canonical sample: what travels inside Faceline, whatever dialect the caller speaks.

Coordinates are relative to the width and height of the upright image. Fields are the results of `models/` as they
are, but for coordinates, which `models/` gives in pixels.
"""

from dataclasses import astuple
from typing import Annotated

from annotated_types import Ge, Le, Len
from pydantic import AfterValidator, BaseModel, ConfigDict

from models.field import Field
from models.networks.head_pose import Pose
from models.networks.liveness import Liveness
from models.quality.quality import Quality
from models.service import ObjectClass
from models.services.emotion_estimator import Emotions
from models.services.gender_estimator import Gender
from models.services.mask_estimator import Mask
from models.services.verify_matcher import Verification

Size = tuple[int, int]
"""(height, width) of an upright image in pixels."""

_WHOLE_TURN = 360.0
Relative = Annotated[float, Ge(0), Le(1)]
Bbox = tuple[Relative, Relative, Relative, Relative]
Ordinate = Annotated[float, Ge(-100), Le(100)]
Point = tuple[Ordinate, Ordinate]
Landmarks = Annotated[list[Point], Len(21, 21)]


class Canonical(BaseModel):
    """A model of what travels inside; its errors, which may be logged, do not repeat what they are about."""

    model_config = ConfigDict(
        extra="forbid",
        hide_input_in_errors=True,
        validate_assignment=True,
        ser_json_bytes="base64",
        val_json_bytes="base64",
    )


def _turn(pose: Pose) -> Pose:
    if max(map(abs, astuple(pose))) > _WHOLE_TURN:
        raise ValueError("angles lie between -360 and 360 degrees")
    return pose


class SampleObject(Canonical):
    """A face or a body.

    Attributes:
        id: counts from 0 in its sample.
        bbox: x1, y1, x2, y2.
        landmarks: x, y of the 21 points in the order of `models.networks.landmarks.LandmarkName`; may lie outside
            the image.
        age: in years.
    """

    id: int = 0
    object_class: ObjectClass = "face"
    confidence: float | None = None
    bbox: Bbox | None = None
    landmarks: Landmarks | None = None
    pose: Annotated[Pose, AfterValidator(_turn)] | None = None
    age: float | None = None
    gender: Gender | None = None
    emotions: Emotions | None = None
    liveness: Liveness | None = None
    mask: Mask | None = None
    quality: Quality | None = None
    template: bytes | None = None

    def has(self, field: Field) -> bool:
        """Whether the object carries the field."""
        return getattr(self, field, None) is not None


class Sample(Canonical):
    """Objects, and the size of the image that they are in.

    Attributes:
        size: of the image; None without one.
        verification: how far its two objects are apart.
    """

    size: Size | None = None
    objects: list[SampleObject] = []
    verification: Verification | None = None
