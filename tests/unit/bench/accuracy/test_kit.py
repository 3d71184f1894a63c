from pathlib import Path

import numpy as np
import pytest

from bench.accuracy.kit import InvalidKit, Kit, grouped, photos, sources
from tests.unit.bench.accuracy.kits import write_csv


def test_paths_are_relative_to_the_file_that_holds_them(tmp_path: Path) -> None:
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
    with pytest.raises(InvalidKit, match="age is no number"):
        label.number("age")
    with pytest.raises(InvalidKit, match="no column gender"):
        label["gender"]


def test_a_missing_file_is_named_and_missing_portraits_are_none(tmp_path: Path) -> None:
    empty = Kit(tmp_path, "dev")
    with pytest.raises(InvalidKit, match=r"age_gender/dev/labels\.csv"):
        empty.labels("age_gender")
    assert not empty.has("age_gender")
    assert empty.portraits() == []


def test_halves_do_not_see_each_other(tmp_path: Path) -> None:
    write_csv(tmp_path / "mask" / "dev" / "labels.csv", [{"path": "a"}])
    assert Kit(tmp_path, "dev").has("mask")
    assert not Kit(tmp_path, "holdout").has("mask")


def test_a_broken_json_says_so(tmp_path: Path) -> None:
    (tmp_path / "landmarks_pose" / "dev").mkdir(parents=True)
    (tmp_path / "landmarks_pose" / "dev" / "points68.json").write_text("{")
    with pytest.raises(InvalidKit, match="is no JSON"):
        Kit(tmp_path, "dev").json("landmarks_pose", "points68.json")


def test_lines_are_grouped_in_the_order_in_which_groups_appear(tmp_path: Path) -> None:
    write_csv(
        tmp_path / "mask" / "dev" / "labels.csv", [{"path": name, "source": name[0]} for name in ("b1", "a1", "b2")]
    )
    labels = Kit(tmp_path, "dev").labels("mask")
    assert {source: len(group) for source, group in grouped(labels, "source").items()} == {"b": 2, "a": 1}
    assert sources(labels) == "b, a"
