"""Every example of the contract is read, and written again as it was."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.catalogue import object_outputs
from models.networks.template import DIMENSION, encode
from models.output import CORE_FIELDS
from pipelines.dialects import DIALECTS, dialect_of
from pipelines.dialects.codec import WriteContext
from pipelines.encoding import encode_base64

EXAMPLES = sorted((Path(__file__).parent / "examples").glob("*/*.json"))
assert EXAMPLES, "without examples their tests would be skipped"
SIZE = (512, 512)
EVERY = [field.name for field in (*CORE_FIELDS, *object_outputs())]
# The contract has a text instead of a template.
TEMPLATE = encode_base64(encode(np.eye(1, DIMENSION, dtype=np.float32)[0]))


def load(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.read_text().replace("<template, base64>", TEMPLATE))
    return loaded


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_example_is_told_apart_by_its_dialect(path: Path) -> None:
    assert dialect_of(load(path)).name == path.parent.name


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_example_is_reproduced_field_by_field(path: Path) -> None:
    example = load(path)
    dialect = DIALECTS[path.parent.name]
    sample = dialect.read(example, SIZE)
    bare = {**example, "objects": [_bare(item) for item in example.get("objects", [])]}
    written = dialect.write(sample, bare, replaces_objects=False, fields=EVERY, context=WriteContext(SIZE, "string"))
    assert_same(written, {"objects": [], **example})


def _bare(item: dict[str, Any]) -> dict[str, Any]:
    """An object without the fields that services compute."""
    return {key: item[key] for key in ("id", "class") if key in item}


def assert_same(written: Any, expected: Any) -> None:
    assert type(written) is type(expected) or {type(written), type(expected)} == {int, float}
    if isinstance(expected, dict):
        assert written.keys() == expected.keys()
        for key, value in expected.items():
            assert_same(written[key], value)
    elif isinstance(expected, list):
        for one, other in zip(written, expected, strict=True):
            assert_same(one, other)
    elif isinstance(expected, int | float):
        assert written == pytest.approx(expected, abs=1e-9)
    else:
        assert written == expected
