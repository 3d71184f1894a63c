"""The documents: valid, closed, and true of the contract's own examples."""

import asyncio
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from api.app import create_app
from api.batches.bodies import PARQUET
from models.catalogue import services
from pipelines.tables.columns import PHOTO_COLUMNS

EXAMPLES = sorted((Path(str(files("api.openapi"))) / "examples").glob("*/*.json"))
assert EXAMPLES, "without examples their tests would be skipped"
Json = dict[str, Any]


class Documents:
    """The documents of the app, which needs neither store nor worker for them."""

    def __init__(self) -> None:
        self._transport = httpx.ASGITransport(create_app())

    def get(self, path: str = "") -> Json:
        async def fetch() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._transport, base_url="http://faceline") as client:
                return await client.get(f"{path}/openapi.json")

        response = asyncio.run(fetch())
        assert response.status_code == 200
        return dict(response.json())


@pytest.fixture(scope="module")
def documents() -> Documents:
    return Documents()


@pytest.mark.parametrize("path", ["", *(f"/{name}" for name in services())])
def test_it_is_valid_and_every_reference_leads_somewhere(documents: Documents, path: str) -> None:
    described = documents.get(path)
    OpenAPIV31SpecValidator(described).validate()
    text = json.dumps(described)
    for part in text.split('"$ref": "#/components/schemas/')[1:]:
        assert part.partition('"')[0] in described["components"]["schemas"]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_examples_of_the_contract_fit_the_schemas(documents: Documents, path: Path) -> None:
    service, kind = path.stem.rsplit(".", 1)
    described = documents.get(f"/{service}")
    operation = described["paths"][f"/{service}/{path.parent.name}/process/sample"]["post"]
    body = operation["requestBody"] if kind == "request" else operation["responses"]["200"]
    media = body["content"]["application/json"]
    schema = {**media["schema"], "components": described["components"]}
    Draft202012Validator(schema).validate(json.loads(path.read_text()))
    assert media["example"] == json.loads(path.read_text())


def test_forms_document_their_fields(documents: Documents) -> None:
    described = documents.get()
    schema = described["paths"]["/jobs/image"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    fields = described["components"]["schemas"]["ImageJobOptions"]["properties"]
    assert schema["allOf"][0]["required"] == ["image"]
    assert {"services", "preset", "dialect", "on_error", "priority", "ttl_s"} <= set(fields)


def test_ages_are_documented_as_they_are_answered(documents: Documents) -> None:
    schemas = documents.get("/age-estimator")["components"]["schemas"]
    assert schemas["AgeEstimatorV2AnswerObject"]["properties"]["age"]["type"] == ["string", "number"]


def test_the_parquet_of_a_batch_is_described_with_its_columns(documents: Documents) -> None:
    paths = documents.get()["paths"]
    described = {
        name: paths[f"/batches/{{batch_id}}/{name}"]["get"]["responses"]["200"]["content"][PARQUET]["schema"]
        for name in ("output", "errors")
    }
    assert all(schema["format"] == "binary" for schema in described.values())
    for column in (*PHOTO_COLUMNS, "line"):
        assert f"`{column}`" in described["output"]["description"]
    assert described["errors"]["description"]
