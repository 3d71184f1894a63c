"""Every example of the contract is read, and written again as it stands there."""

import json
from pathlib import Path
from typing import Any

import pytest

from models.field import Field
from pipelines.dialects import DIALECTS, dialect_of

EXAMPLES = sorted((Path(__file__).parent / "examples").glob("*/*.json"))
SIZE = (512, 512)
FIELDS = [Field.BBOX, Field.LANDMARKS, Field.POSE, Field.AGE, Field.GENDER, Field.EMOTIONS]


def load(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.read_text())
    return loaded


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_example_is_told_apart_by_its_dialect(path: Path) -> None:
    assert dialect_of(load(path)).name == path.parent.name


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_example_is_reproduced_field_by_field(path: Path) -> None:
    example = load(path)
    dialect = DIALECTS[path.parent.name]
    sample = dialect.read(example, SIZE)
    bare = {**example, "objects": [{} for _ in example.get("objects", [])]}
    written = dialect.write(sample, bare, rebuilt=True, fields=FIELDS, age_format="string")
    assert set(written) == {*example, "objects"}
    for expected, item in zip(example.get("objects", []), written["objects"], strict=True):
        without_confidence = {key for key in item if not (key == "confidence" and key not in expected)}
        assert without_confidence == set(expected)
        for key, value in expected.items():
            assert_same(item[key], value)


def assert_same(written: Any, expected: Any) -> None:
    assert type(written) is type(expected)
    if isinstance(expected, dict):
        assert written.keys() == expected.keys()
        for key, value in expected.items():
            assert_same(written[key], value)
    elif isinstance(expected, list):
        for one, other in zip(written, expected, strict=True):
            assert_same(one, other)
    elif isinstance(expected, float):
        assert written == pytest.approx(expected, abs=1e-9)
    else:
        assert written == expected
