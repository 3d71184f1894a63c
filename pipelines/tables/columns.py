"""The columns of a table of samples: they follow from the services alone, so that all tables share one schema.

A single value is a column named like its output. A record has a column for each value: that of `value` is named like
the output, the others have the name of the output before their own. `_SPELLED` has the columns that are older than this
rule.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Literal

from models.catalogue import declaring_service, object_outputs
from models.declaration import refuse
from models.networks.emotions import EMOTIONS
from models.networks.landmarks import LandmarkName
from models.output import BBOX, CONFIDENCE, CORE_FIELDS, LANDMARKS, POSE, Field, Output, Pose
from models.services.age_estimator import AgeEstimator
from models.services.gender_estimator import GenderEstimator
from models.services.quality_estimator import QualityAssessmentEstimator
from models.value_types import ValueType, record_of, single_value
from pipelines.sample import SampleObject

ColumnKind = Literal["bool_", "int32", "int64", "float64", "string", "binary"]
"""The name of a type in pyarrow, which this module does not import: every process checks the columns at its start."""

_KINDS: Mapping[type, ColumnKind] = {bool: "bool_", int: "int64", float: "float64", str: "string", bytes: "binary"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the objects.

    Attributes:
        read: gives its value for an object that carries the field.
    """

    name: str
    kind: ColumnKind
    read: Callable[[SampleObject], Any]


PHOTO_COLUMNS: Mapping[str, ColumnKind] = {
    "image": "string",
    "image_width": "int32",
    "image_height": "int32",
    "failures": "string",
    "object": "int32",
    "class": "string",
}
"""The first columns of each row: the photo, and which of its objects."""


def object_columns(fields: Collection[str]) -> list[tuple[Field, Column]]:
    """The columns of the named fields, in the order in which answers show the fields."""
    return [(field, column) for field, columns in _COLUMNS.items() if field.name in fields for column in columns]


def _all_columns() -> dict[Field, list[Column]]:
    """The columns of every field.

    Raises:
        DeclarationError: two columns have one name.
    """
    columns = {field: _SPELLED[field] for field in CORE_FIELDS if field in _SPELLED}
    taken = {*PHOTO_COLUMNS, *(column.name for spelled in _SPELLED.values() for column in spelled)}
    for output in object_outputs():
        columns[output] = _SPELLED.get(output) or _derived(output)
        if output in _SPELLED:
            continue
        names = {column.name for column in columns[output]}
        if clash := sorted(names & taken):
            refuse(declaring_service(output), f"the table has another column {', '.join(clash)}; rename the output")
        taken |= names
    return columns


def _derived(output: Output[Any]) -> list[Column]:
    values = record_of(output.value_type)
    if values is None:
        return [Column(output.name, _kind(single_value(output.value_type)), attrgetter(output.name))]
    # The sort is stable: `value` comes first, the others in their order.
    names = sorted(values, key=lambda name: name != "value")
    if len(names) == 1:
        return [Column(output.name, _kind(values[names[0]]), attrgetter(f"{output.name}.{names[0]}"))]
    return [
        Column(
            output.name if name == "value" else f"{output.name}_{name}",
            _kind(values[name]),
            attrgetter(f"{output.name}.{name}"),
        )
        for name in names
    ]


def _kind(value_type: ValueType) -> ColumnKind:
    return _KINDS[value_type.base]


def _record(field: Field, record: type, prefix: str, kinds: Mapping[type, ColumnKind] = _KINDS) -> list[Column]:
    """A column for each value of a record, named after a prefix."""
    return [
        Column(prefix + name, kinds[value_type.base], attrgetter(f"{field.name}.{name}"))
        for name, value_type in (record_of(record) or {}).items()
    ]


def _corner(name: str, index: int) -> Column:
    return Column(f"bbox_{name}", "float64", lambda item: item.bbox and item.bbox[index])


def _coordinate(name: str, point: int, axis: int) -> Column:
    return Column(f"point_{name}_{'xy'[axis]}", "float64", lambda item: item.landmarks and item.landmarks[point][axis])


def _whole_years(item: SampleObject) -> int | None:
    years = AgeEstimator.output.of(item)
    return None if years is None else round(years)


_SPELLED: Mapping[Field, list[Column]] = {
    CONFIDENCE: [Column("confidence", "float64", attrgetter("confidence"))],
    BBOX: [_corner(name, index) for index, name in enumerate(("x1", "y1", "x2", "y2"))],
    LANDMARKS: [_coordinate(name, point, axis) for point, name in enumerate(LandmarkName) for axis in (0, 1)],
    POSE: _record(POSE, Pose, ""),
    AgeEstimator.output: [Column("age", "int32", _whole_years)],
    GenderEstimator.output: [Column("gender", "string", attrgetter("gender.value"))],
    EMOTIONS: _record(EMOTIONS, EMOTIONS.value_type, "emotion_"),
    QualityAssessmentEstimator.output: _record(
        QualityAssessmentEstimator.output,
        QualityAssessmentEstimator.output.value_type,
        "quality_",
        {**_KINDS, int: "int32"},
    ),
}

_COLUMNS = _all_columns()
