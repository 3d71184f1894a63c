"""The columns of a table of results: they follow from the services alone, so that all parts share one schema."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any

import pyarrow as pa

from models.field import Field
from models.networks.head_pose import Pose
from models.networks.landmarks import LandmarkName
from models.quality.quality import Quality
from models.services.emotion_estimator import Emotions
from pipelines.sample import SampleObject

_KINDS: Mapping[Any, pa.DataType] = {float: pa.float64(), int: pa.int32(), bool: pa.bool_()}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the objects.

    Attributes:
        read: its value; for objects that carry the field.
    """

    name: str
    kind: pa.DataType
    read: Callable[[SampleObject], Any]


def _record(field: Field, record: type[Any], prefix: str) -> list[Column]:
    """A column for each value of a record."""
    return [Column(prefix + one.name, _KINDS[one.type], attrgetter(f"{field}.{one.name}")) for one in fields(record)]


def _judged(field: Field, kind: pa.DataType) -> list[Column]:
    """A verdict and how sure it is."""
    return [
        Column(field.value, kind, attrgetter(f"{field}.value")),
        Column(f"{field}_confidence", pa.float64(), attrgetter(f"{field}.confidence")),
    ]


def _corner(name: str, place: int) -> Column:
    return Column(f"bbox_{name}", pa.float64(), lambda item: item.bbox and item.bbox[place])


def _coordinate(name: str, point: int, axis: int) -> Column:
    return Column(f"{name}_{'xy'[axis]}", pa.float64(), lambda item: item.landmarks and item.landmarks[point][axis])


_COLUMNS: Mapping[Field, list[Column]] = {
    Field.CONFIDENCE: [Column("confidence", pa.float64(), attrgetter("confidence"))],
    Field.BBOX: [_corner(name, place) for place, name in enumerate(("x1", "y1", "x2", "y2"))],
    Field.LANDMARKS: [
        _coordinate(f"point_{name}", point, axis) for point, name in enumerate(LandmarkName) for axis in (0, 1)
    ],
    Field.POSE: _record(Field.POSE, Pose, ""),
    # Whole years, as the API says them.
    Field.AGE: [Column("age", pa.int32(), lambda item: item.age if item.age is None else round(item.age))],
    Field.GENDER: [Column("gender", pa.string(), attrgetter("gender.value"))],
    Field.EMOTIONS: _record(Field.EMOTIONS, Emotions, "emotion_"),
    Field.LIVENESS: _judged(Field.LIVENESS, pa.string()),
    Field.MASK: _judged(Field.MASK, pa.bool_()),
    Field.QUALITY: _record(Field.QUALITY, Quality, "quality_"),
    Field.TEMPLATE: [Column("template", pa.binary(), attrgetter("template"))],
}

PHOTO_COLUMNS: Mapping[str, pa.DataType] = {
    "image": pa.string(),
    "image_width": pa.int32(),
    "image_height": pa.int32(),
    "failures": pa.string(),
    "object": pa.int32(),
    "class": pa.string(),
}
"""What each row begins with: the photo, and which of its objects."""


def object_columns(given: Iterable[Field]) -> list[tuple[Field, Column]]:
    """The columns that some fields have, in the order of `Field`."""
    wanted = set(given)
    return [(field, column) for field, columns in _COLUMNS.items() if field in wanted for column in columns]
