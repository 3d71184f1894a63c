"""The canonical sample: what travels inside Faceline, whatever dialect the caller speaks.

Coordinates are relative to the width and height of the upright image. The outputs of services are slots of the sample,
made from the declarations; they have the values that `models/` gives.
"""

from collections.abc import Callable, Sequence
from dataclasses import astuple
from typing import Annotated, Any, TypeVar

from annotated_types import Ge, Le, Len
from pydantic import AfterValidator, BaseModel, ConfigDict, Strict, create_model

from models.catalogue import declaring_service, object_outputs, sample_outputs
from models.declaration import refuse
from models.output import Field, Output, OutputValues, Pose
from models.service import ObjectClass

Size = tuple[int, int]
"""(height, width) of an upright image in pixels."""

_WHOLE_TURN = 360.0
# Of a pixel: boxes went through relative coordinates, which rounds them.
_ROUNDING = 1e-3
FARTHEST = 100
"""How far outside an image a point may be, in widths and heights of the image."""

# Strict: a number that is written as text is no number.
Relative = Annotated[float, Strict(), Ge(0), Le(1)]
Bbox = tuple[Relative, Relative, Relative, Relative]
Ordinate = Annotated[float, Strict(), Ge(-FARTHEST), Le(FARTHEST)]
Point = tuple[Ordinate, Ordinate]
Landmarks = Annotated[list[Point], Len(21, 21)]


class Canonical(BaseModel):
    """A model of what travels inside and is stored.

    Fields that it does not know are ignored: a process of another version may have written them. Its errors do not
    repeat their input, so they can be logged.
    """

    model_config = ConfigDict(
        extra="ignore",
        hide_input_in_errors=True,
        validate_assignment=True,
        ser_json_bytes="base64",
        val_json_bytes="base64",
    )


_Model = TypeVar("_Model", bound=Canonical)


def _with_slots(outputs: Sequence[Output[Any]]) -> Callable[[type[_Model]], type[_Model]]:
    """Gives a model a slot for each output, None until a service gives it."""

    def with_slots(model: type[_Model]) -> type[_Model]:
        for output in outputs:
            if output.name in model.model_fields or hasattr(model, output.name):
                refuse(declaring_service(output), f"the output `{output.name}` has a reserved name; choose another")
        slots: dict[str, Any] = {output.name: (output.value_type | None, None) for output in outputs}
        return create_model(model.__name__, __base__=model, __module__=model.__module__, __doc__=model.__doc__, **slots)

    return with_slots


def require_pixel(bbox: Bbox, size: Size) -> None:
    """Check that a box holds something to measure.

    Raises:
        ValueError: it is less than a pixel wide or high.
    """
    height, width = size
    x1, y1, x2, y2 = bbox
    if min((x2 - x1) * width, (y2 - y1) * height) < 1 - _ROUNDING:
        raise ValueError(f"the box is smaller than a pixel of the image, which has {width} x {height}")


def _turn(pose: Pose) -> Pose:
    if max(map(abs, astuple(pose))) > _WHOLE_TURN:
        raise ValueError("angles are between -360 and 360 degrees")
    return pose


@_with_slots(object_outputs())
class SampleObject(Canonical, OutputValues):
    """A face or a body, with the outputs of services: `AgeEstimator.output.of(face)`.

    Attributes:
        id: counts from 0 in its sample.
        bbox: x1, y1, x2, y2.
        landmarks: x, y of the 21 points in the order of `models.networks.landmarks.LandmarkName`; may be outside the
            image.
    """

    id: int = 0
    object_class: ObjectClass = "face"
    confidence: float | None = None
    bbox: Bbox | None = None
    landmarks: Landmarks | None = None
    pose: Annotated[Pose, AfterValidator(_turn)] | None = None

    def has(self, field: Field) -> bool:
        """Whether the object carries the field."""
        return getattr(self, field.name, None) is not None


@_with_slots(sample_outputs())
class Sample(Canonical, OutputValues):
    """Objects, the size of the image that they are in, and the outputs that compare them.

    Attributes:
        size: of the image; None without one.
    """

    size: Size | None = None
    objects: list[SampleObject] = []
