"""A new output needs no other edit than the file of its service: all that is derived from a declaration is there.

The services run in a copy of the repository, in a process of its own.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.copied_tree import copy_tree, run_python

SERVICE = '''"""Service: made up by a test."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from models.family import ModelFamily
from models.output import Output
from models.runtime.session import SessionSource
from models.service import EstimatingService, Face

{definition}


class Estimator(EstimatingService[{type}]):
    """Estimates something of each face."""

    name = "{output}-estimator"
    family = ModelFamily.FACE_ATTRIBUTES
    output = Output("{output}", {type})

    def __init__(self, sessions: SessionSource) -> None:
        pass

    def estimate(self, faces: Sequence[Face]) -> list[{type}]:
        return [{value} for _ in faces]
'''

ENUM = '''
class Shape(StrEnum):
    """The shape of a face."""

    OVAL = "oval"
    VERY_ROUND = "very-round"
'''

RECORD = '''
class Style(StrEnum):
    """How a beard is worn."""

    FULL = "full"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Beard:
    """How a face is bearded."""

    value: Style
    hairs: int
    length_mm: float | None
    trimmed: bool
    colour: str
    picture: bytes
'''

ONE_VALUE = '''
@dataclass(frozen=True, slots=True)
class Hat:
    """Whether a face wears a hat."""

    worn: bool
'''

BEARD = 'Beard(Style.FULL, 40_000_000_000, None, True, "red", b"\\xff")'
SERVICES = {
    "freckles": ("", "int", "7"),
    "shape": (ENUM, "Shape", "Shape.VERY_ROUND"),
    "beard": (RECORD, "Beard", BEARD),
    "hat": (ONE_VALUE, "Hat", "Hat(True)"),
}

REPORT = """
import asyncio, json
import httpx
import numpy as np
import pyarrow as pa
from api.app import create_app
from api.services.listing import service_view
from config.settings import load_settings
from models.catalogue import services
from pipelines.chunk import Chunk, Item
from pipelines.dialects import DIALECTS
from pipelines.dialects.codec import WriteContext
from pipelines.load import load_items
from pipelines.run import run_service
from pipelines.sample import Sample, SampleObject
from pipelines.tables.sample_table import SampleTable

async def documents():
    transport = httpx.ASGITransport(create_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://faceline") as client:
        return {name: (await client.get(f"/{name}-estimator/openapi.json")).json() for name in NAMES}

item = Item(sample=Sample(objects=[SampleObject(bbox=(0, 0, 1, 1))]), blob="photo")
loaded = load_items([item], lambda _: np.zeros((10, 20, 3), np.uint8))
for name in NAMES:
    run_service(services()[f"{name}-estimator"](None), loaded, fail_fast=True)
assert not item.failures, item.failures
travelled = Chunk.model_validate_json(Chunk(items=[item]).model_dump_json()).items[0]
assert travelled == item
context = WriteContext((10, 20), "number")
answers = {}
for name, dialect in DIALECTS.items():
    answers[name] = dialect.write(item.sample, {}, replaces_objects=True, fields=NAMES, context=context)
    (again,) = dialect.read(json.loads(json.dumps(answers[name])), (10, 20)).objects
    assert all(getattr(again, output) == getattr(item.sample.objects[0], output) for output in NAMES)
table = SampleTable(NAMES, {})
rows = pa.Table.from_pylist(table.rows("a.jpg", {}, item), table.schema)
limits = load_settings().limits
print(json.dumps({
    "answers": answers,
    "documents": asyncio.run(documents()),
    "services": {name: service_view(services()[f"{name}-estimator"], limits).model_dump() for name in NAMES},
    "columns": [str(rows.schema.field(name).type) + " " + name for name in rows.schema.names[6:]],
    "row": {name: repr(value) for name, value in rows.to_pylist()[0].items()},
}))
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Any:
    files = {
        f"{output}_estimator.py": SERVICE.format(output=output, definition=definition, type=kind, value=value)
        for output, (definition, kind, value) in SERVICES.items()
    }
    tree = copy_tree(tmp_path_factory.mktemp("copy") / "tree", files)
    done = run_python(tree, f"NAMES = {list(SERVICES)}\n{REPORT}")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(("dialect", "spell"), [("v1", str.upper), ("v2", str.lower)])
def test_it_is_written_under_its_own_name(report: Any, dialect: str, spell: Any) -> None:
    (face,) = report["answers"][dialect]["objects"]
    assert face == {
        "id": 0,
        "class": "face",
        "freckles": 7,
        "shape": spell("very-round"),
        "beard": {
            "value": spell("full"),
            "hairs": 40_000_000_000,
            "length_mm": None,
            "trimmed": True,
            "colour": "red",
            "picture": "/w==",
        },
        "hat": True,
    }


def test_it_has_columns(report: Any) -> None:
    assert report["columns"] == [
        "string beard",
        "int64 beard_hairs",
        "double beard_length_mm",
        "bool beard_trimmed",
        "string beard_colour",
        "binary beard_picture",
        "int64 freckles",
        "bool hat",
        "string shape",
    ]
    assert (report["row"]["beard"], report["row"]["shape"], report["row"]["hat"]) == ("'full'", "'very-round'", "True")
    assert report["row"]["beard_picture"] == repr(b"\xff")


@pytest.mark.parametrize("output", SERVICES)
def test_it_is_listed(report: Any, output: str) -> None:
    listed = report["services"][output]
    assert listed["summary"] == "Estimates something of each face."
    assert listed["gives"] == [output]
    assert listed["keys"]["v1"][output] == listed["keys"]["v2"][output] == output
    assert listed["routes"] == [f"/{output}-estimator/{version}/process/sample" for version in ("v1", "v2")]


@pytest.mark.parametrize("dialect", ["v1", "v2"])
@pytest.mark.parametrize("output", SERVICES)
def test_it_is_in_the_schema_of_the_answer(report: Any, dialect: str, output: str) -> None:
    described = report["documents"][output]
    schemas = described["components"]["schemas"]
    answer = schemas[f"{output.capitalize()}Estimator{dialect.upper()}AnswerObject"]
    assert output in answer["required"]
    schema = answer["properties"][output]
    schema = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    expected = {"freckles": "integer", "shape": "string", "beard": "object", "hat": "boolean"}
    assert schema["type"] == expected[output]
    if output == "shape":
        assert schema["enum"] == (["OVAL", "VERY-ROUND"] if dialect == "v1" else ["oval", "very-round"])
    if output == "beard":
        assert schema["description"] == "How a face is bearded."
        assert schema["properties"]["value"]["enum"] == (["FULL", "NONE"] if dialect == "v1" else ["full", "none"])


def test_a_value_with_a_reserved_name_stops_the_process(tmp_path: Path) -> None:
    definition = ONE_VALUE + "    copy: int\n"
    text = SERVICE.format(output="hat", definition=definition, type="Hat", value="Hat(True, 1)")
    done = run_python(copy_tree(tmp_path / "tree", {"hat_estimator.py": text}), "import pipelines.dialects")
    assert done.returncode == 1
    assert "the output `hat` cannot be written: `Hat.copy` has a reserved name" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("output", "module", "problem"),
    [
        ("copy", "pipelines.sample", "the output `copy` has a reserved name"),
        ("object_class", "pipelines.sample", "the output `object_class` has a reserved name"),
        ("fitter", "pipelines.dialects", "the output `fitter` has the name of a key that dialects use already"),
        ("has_medical_mask", "pipelines.dialects", "the output `has_medical_mask` has the name of a key"),
        ("errors", "pipelines.dialects", "the output `errors` has the name of a key"),
        ("yaw", "api.app", "the table has another column yaw"),
        ("yaw", "workers.parts", "the table has another column yaw"),
    ],
)
def test_a_name_that_is_taken_stops_the_process(tmp_path: Path, output: str, module: str, problem: str) -> None:
    text = SERVICE.format(output="some", definition="", type="int", value="1").replace('"some"', f'"{output}"')
    done = run_python(copy_tree(tmp_path / "tree", {"some_estimator.py": text}), f"import {module}")
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("models.errors.DeclarationError: Estimator in models/services/some_estimator.py: ")
    assert problem in last
