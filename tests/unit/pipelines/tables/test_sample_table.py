import pyarrow as pa
import pytest

from models.catalogue import object_outputs
from models.networks.mask import Mask
from models.output import CORE_FIELDS, IMAGE, Pose
from pipelines.chunk import Failure, Item
from pipelines.errors import ClashingColumns
from pipelines.sample import Sample, SampleObject
from pipelines.tables.columns import PHOTO_COLUMNS, object_columns
from pipelines.tables.sample_table import SampleTable

PHOTO = "a.jpg"
FACE = SampleObject(
    id=1, confidence=0.5, bbox=(0.1, 0.2, 0.3, 0.4), pose=Pose(1, 2, 3), age=30.6, mask=Mask(True, 0.9), template=b"t"
)
GIVEN = ["bbox", "pose", "age", "mask", "template"]


def item(*objects: SampleObject) -> Item:
    return Item(sample=Sample(size=(20, 10), objects=list(objects)))


def test_each_object_is_a_row_and_each_value_a_column() -> None:
    (row,) = SampleTable(GIVEN, {}).rows(PHOTO, {}, item(FACE))
    assert row == {
        "image": "a.jpg",
        "image_width": 10,
        "image_height": 20,
        "failures": None,
        "object": 1,
        "class": "face",
        "bbox_x1": 0.1,
        "bbox_y1": 0.2,
        "bbox_x2": 0.3,
        "bbox_y2": 0.4,
        "yaw": 1,
        "roll": 2,
        "pitch": 3,
        "age": 31,
        "mask": True,
        "mask_confidence": 0.9,
        "template": b"t",
    }


def test_a_photo_without_objects_has_one_row_without_an_object() -> None:
    table = SampleTable(GIVEN, {})
    (row,) = table.rows(PHOTO, {}, item())
    assert "object" not in row
    assert pa.Table.from_pylist([row], table.schema).to_pylist()[0]["object"] is None


def test_the_columns_follow_from_the_services_alone() -> None:
    table = SampleTable(GIVEN, {})
    bare = pa.Table.from_pylist(table.rows(PHOTO, {}, item(SampleObject())), table.schema)
    assert bare.schema == pa.Table.from_pylist(table.rows(PHOTO, {}, item(FACE)), table.schema).schema
    assert pa.types.is_binary(table.schema.field("template").type)


def test_every_field_of_an_object_has_columns() -> None:
    every = [field for field in (*CORE_FIELDS, *object_outputs()) if field != IMAGE]
    columns = object_columns([field.name for field in every])
    assert {field for field, _ in columns} == set(every)
    names = [column.name for _, column in columns]
    assert len(names) == len(set(names))
    assert not set(names) & set(PHOTO_COLUMNS)


def test_extra_columns_are_carried_along_and_do_not_pass_for_results() -> None:
    table = SampleTable(["age"], {"age": pa.int64(), "label": pa.string()})
    (row,) = table.rows(PHOTO, {"age": 7, "label": "x"}, item(FACE))
    assert (row["age"], row["given_age"], row["label"]) == (31, 7, "x")
    assert table.schema.names[-2:] == ["given_age", "label"]


def test_a_field_that_the_services_of_a_sample_do_not_give_is_null() -> None:
    (row,) = SampleTable(GIVEN, {}).rows(PHOTO, {}, item(FACE), fields=["age"])
    photo = {"image": "a.jpg", "image_width": 10, "image_height": 20, "failures": None}
    assert row == {**photo, "object": 1, "class": "face", "age": 31}


def test_columns_that_would_clash_are_refused() -> None:
    with pytest.raises(ClashingColumns, match="given_age"):
        SampleTable(["age"], {"age": pa.int64(), "given_age": pa.int64()})


def test_a_partial_sample_says_so() -> None:
    partial = item(FACE)
    partial.failures.append(Failure(service="age-estimator", type="model_error", message="the engine failed"))
    (row,) = SampleTable(GIVEN, {}).rows(PHOTO, {}, partial)
    assert row["failures"] == "age-estimator: the engine failed"
