"""What services need and give: the core fields of a sample, and the outputs that services declare."""

from dataclasses import dataclass
from typing import Generic, TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Field:
    """A key of the canonical sample. Dialects write it under keys of their own."""

    name: str


class OutputValues:
    """Values of outputs, one attribute for each; `Output.of` and `Output.put` read and write them."""


@dataclass(frozen=True, slots=True)
class Output(Field, Generic[Value]):
    """A field that a service declares: a name, and the type of its values.

    From the declaration follow the slot in the canonical sample, the spelling in every dialect, the columns in bulk
    tables and the schemas. `models.value_types` has the types that can be declared.

    Attributes:
        name: in snake_case; the key in dialects and the column in tables.
        value_type: bool, int, float, str, bytes, a `StrEnum`, or a frozen dataclass of these.
    """

    value_type: type[Value]

    def of(self, values: OutputValues) -> Value | None:
        """The value of this output, None if there is none."""
        value: Value | None = getattr(values, self.name, None)
        return value

    def put(self, values: OutputValues, value: Value) -> None:
        """Set the value of this output."""
        setattr(values, self.name, value)


@dataclass(frozen=True, slots=True)
class Pose:
    """Degrees; positive: nose to the viewer's right, clockwise, up.

    A frontal, upright face is near 0 in all three.

    Attributes:
        yaw: positive = the nose points to the viewer's right.
        roll: positive = clockwise in the image.
        pitch: positive = up.
    """

    yaw: float
    roll: float
    pitch: float


IMAGE = Field("image")
CONFIDENCE = Field("confidence")
BBOX = Field("bbox")
LANDMARKS = Field("landmarks")
POSE = Field("pose")

CORE_FIELDS = (IMAGE, CONFIDENCE, BBOX, LANDMARKS, POSE)
"""The fields whose values depend on the size of the image, or that every service may use: no service declares them."""

TEMPLATE = Output("template", bytes)
"""What matching services compare; it is declared here because several services give or need it."""
