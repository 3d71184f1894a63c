from pathlib import Path

import numpy as np
import pytest

from bench.accuracy.kit import InvalidKit, Kit, grouped, photos, sources
from tests.unit.bench.accuracy.kits import write_csv


def test_photo_paths_are_relative_to_their_csv_file(tmp_path: Path) -> None:
    write_csv(
        tmp_path / "mask" / "dev" / "labels.csv", [{"path": "images/a.png"}, {"path": "../../portraits/dev/b.png"}]
    )
    assert photos(Kit(tmp_path, "dev").labels("mask")) == [
        tmp_path / "mask" / "dev" / "images" / "a.png",
        tmp_path / "portraits" / "dev" / "b.png",
    ]


def test_lines_give_numbers_boxes_and_points(tmp_path: Path) -> None:
    line = {"path": "a", "x1": 1, "y1": 2, "x2": 3.5, "y2": 4, "nose_x": 5, "nose_y": 6, "age": "NA", "note": ""}
    write_csv(tmp_path / "body" / "dev" / "boxes.csv", [line])
    (label,) = Kit(tmp_path, "dev").labels("body", "boxes.csv")
    np.testing.assert_array_equal(label.box(), [1, 2, 3.5, 4])
    np.testing.assert_array_equal(label.points("nose"), [[5, 6]])
    assert [label.known(column) for column in ("path", "age", "note")] == [True, False, False]
    with pytest.raises(InvalidKit, match="age is not a number"):
        label.number("age")
    with pytest.raises(InvalidKit, match="no column gender"):
        label["gender"]


def test_a_missing_file_is_named_and_missing_portraits_are_an_empty_list(tmp_path: Path) -> None:
    empty = Kit(tmp_path, "dev")
    with pytest.raises(InvalidKit, match=r"age_gender/dev/labels\.csv"):
        empty.labels("age_gender")
    assert not empty.has("age_gender")
    assert empty.portraits() == []


def test_a_half_has_only_its_own_labels(tmp_path: Path) -> None:
    write_csv(tmp_path / "mask" / "dev" / "labels.csv", [{"path": "a"}])
    assert Kit(tmp_path, "dev").has("mask")
    assert not Kit(tmp_path, "holdout").has("mask")


def test_broken_json_is_an_error_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "landmarks_pose" / "dev").mkdir(parents=True)
    (tmp_path / "landmarks_pose" / "dev" / "points68.json").write_text("{")
    with pytest.raises(InvalidKit, match="is not JSON"):
        Kit(tmp_path, "dev").json("landmarks_pose", "points68.json")


def test_groups_keep_the_order_of_their_first_lines(tmp_path: Path) -> None:
    write_csv(
        tmp_path / "mask" / "dev" / "labels.csv", [{"path": name, "source": name[0]} for name in ("b1", "a1", "b2")]
    )
    labels = Kit(tmp_path, "dev").labels("mask")
    assert {source: len(group) for source, group in grouped(labels, "source").items()} == {"b": 2, "a": 1}
    assert sources(labels) == "b, a"
