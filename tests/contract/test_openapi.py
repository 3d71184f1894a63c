"""The documents: valid, closed, complete, and true of the contract's own examples."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator, ValidationError
from openapi_spec_validator import OpenAPIV31SpecValidator

from api.app import create_app
from api.batches.row_formats import PARQUET
from docs.openapi.renew_document import DOCUMENT, text_of
from models.catalogue import services
from pipelines.tables.columns import PHOTO_COLUMNS

EXAMPLES = sorted((Path(__file__).parent / "examples").glob("*/*.json"))
assert EXAMPLES, "without examples their tests would be skipped"
CONTRACTED = {path.stem.partition(".")[0] for path in EXAMPLES}
PATHS = ["", *(f"/{name}" for name in services())]
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


@pytest.fixture(scope="module")
def whole(documents: Documents) -> Json:
    return documents.get()


def validator(document: Json, schema: Json) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": document["components"]})


def operations(document: Json) -> Iterator[tuple[str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def contents(document: Json) -> Iterator[tuple[str, Json]]:
    """The contents of all requests and responses."""
    for name, operation in operations(document):
        for holder in (operation.get("requestBody", {}), *operation["responses"].values()):
            for media_type, media in holder.get("content", {}).items():
                yield f"{name} {media_type}", media


def test_the_committed_document_is_that_of_the_code() -> None:
    if DOCUMENT.read_text(encoding="utf-8") != text_of(create_app()):
        pytest.fail("docs/openapi.json is not that of the code: renew it with `make openapi`")


@pytest.mark.parametrize("path", PATHS)
def test_it_is_valid_and_every_reference_leads_somewhere(documents: Documents, path: str) -> None:
    described = documents.get(path)
    OpenAPIV31SpecValidator(described).validate()
    text = json.dumps(described)
    for part in text.split('"$ref": "')[1:]:
        assert part.partition('"')[0].removeprefix("#/components/schemas/") in described["components"]["schemas"]


@pytest.mark.parametrize("path", PATHS)
def test_it_has_no_schema_that_it_does_not_use(documents: Documents, path: str) -> None:
    described = documents.get(path)
    schemas = described["components"]["schemas"]
    reached: set[str] = set()
    waiting = [json.dumps([described["paths"], described.get("webhooks")])]
    while waiting:
        names = {part.partition('"')[0] for part in waiting.pop().split("#/components/schemas/")[1:]} - reached
        reached |= names
        waiting += [json.dumps(schemas[name]) for name in names]
    assert reached == schemas.keys()


@pytest.mark.parametrize("name", services())
def test_the_document_of_a_service_says_what_the_document_of_all_says(
    documents: Documents, whole: Json, name: str
) -> None:
    described = documents.get(f"/{name}")
    assert described["paths"]
    for path, item in described["paths"].items():
        assert whole["paths"][path] == item
    for schema, definition in described["components"]["schemas"].items():
        assert whole["components"]["schemas"][schema] == definition
    assert [tag["name"] for tag in described["tags"]] == [name]


@pytest.mark.parametrize("path", PATHS)
def test_it_says_where_the_api_is_under_which_licence_and_what_access_needs(documents: Documents, path: str) -> None:
    described = documents.get(path)
    assert described["servers"] == [{"url": "/", "description": "this deployment"}]
    assert described["info"]["license"]["identifier"] == "Apache-2.0"
    assert "Authorization: Bearer" in described["info"]["description"]
    assert described["security"] == []
    assert {scheme["type"] for scheme in described["components"]["securitySchemes"].values()} == {"http", "apiKey"}
    for name, operation in operations(described):
        is_open = "/faceapi/" in name or name in ("GET /healthz", "GET /readyz")
        assert ("security" in operation) is not is_open


def test_tags_operations_parameters_and_responses_are_described(whole: Json) -> None:
    described = {tag["name"] for tag in whole["tags"] if tag["description"]}
    for name, operation in operations(whole):
        assert operation["description"], name
        assert set(operation["tags"]) <= described, name
        for parameter in operation.get("parameters", []):
            assert parameter.get("description"), (name, parameter["name"])
        for status, response in operation["responses"].items():
            assert response["description"] not in ("Validation Error", "Successful Response"), (name, status)


def test_every_body_has_a_schema(whole: Json) -> None:
    for name, media in contents(whole):
        assert media["schema"], name


def test_every_error_response_has_the_schema_of_errors(whole: Json) -> None:
    for name, operation in operations(whole):
        errors = {status: one for status, one in operation["responses"].items() if status == "default" or status >= "4"}
        assert errors or "/faceapi/" in name or name in ("GET /healthz", "GET /services"), name
        for status, response in errors.items():
            reference = response["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
            assert reference == ("NotReadyView" if name == "GET /readyz" else "ErrorBody"), (name, status)
            assert {"detail", "type"} <= set(whole["components"]["schemas"][reference]["required"])


def test_every_json_body_has_an_example_and_examples_fit_their_schemas(whole: Json) -> None:
    # A new service may have none.
    documented = {"jobs", "batches", "verification", "faceapi", *CONTRACTED}
    for name, operation in operations(whole):
        content = operation.get("requestBody", {}).get("content", {})
        for media_type in content.keys() & {"application/json", "application/x-ndjson"}:
            assert "example" in content[media_type] or not documented.intersection(operation["tags"]), name
    for _, media in contents(whole):
        if "example" in media:
            validator(whole, media["schema"]).validate(media["example"])


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_examples_of_the_contract_fit_the_schemas(documents: Documents, whole: Json, path: Path) -> None:
    service, kind = path.stem.rsplit(".", 1)
    described, given = documents.get(f"/{service}"), json.loads(path.read_text())
    operation = described["paths"][f"/{service}/{path.parent.name}/process/sample"]["post"]
    body = operation["requestBody"] if kind == "request" else operation["responses"]["200"]
    validator(described, body["content"]["application/json"]["schema"]).validate(given)
    of_jobs = f"#/components/schemas/{path.parent.name.upper()}{'Sample' if kind == 'request' else 'Result'}"
    validator(whole, {"$ref": of_jobs}).validate(given)


def test_the_form_of_a_job_can_be_filled_in(whole: Json) -> None:
    (media,) = whole["paths"]["/jobs/image"]["post"]["requestBody"]["content"].values()
    form = validator(whole, media["schema"])
    form.validate({"image": "bytes", "services": ["age-estimator"], "dialect": "v1", "ttl_s": 60, "metadata": {}})
    for broken in ({"services": ["age-estimator"]}, {"image": "bytes", "colour": "red"}):
        with pytest.raises(ValidationError):
            form.validate(broken)


def test_results_have_types(whole: Json) -> None:
    either = [{"$ref": f"#/components/schemas/{dialect}Result"} for dialect in ("V2", "V1")]
    (media,) = whole["paths"]["/jobs/{job_id}/result"]["get"]["responses"]["200"]["content"].values()
    of_jobs = [*either, {"$ref": "#/components/schemas/VerificationAnswer"}]
    assert media["schema"]["anyOf"] == of_jobs
    schemas = whole["components"]["schemas"]
    assert schemas["JobView"]["properties"]["result"]["anyOf"] == [*of_jobs, {"type": "null"}]
    assert schemas["ResultRow"]["properties"]["result"]["anyOf"] == either
    for found in ("Age", "Gender", "Expression"):
        data = schemas[f"{found}Answer"]["properties"]["data"]
        assert data["anyOf"][0] == {"$ref": f"#/components/schemas/Found{found}"}


@pytest.mark.parametrize(("path", "row"), [("output", "ResultRow"), ("errors", "ErrorRow")])
def test_the_rows_of_batches_have_schemas(whole: Json, path: str, row: str) -> None:
    content = whole["paths"][f"/batches/{{batch_id}}/{path}"]["get"]["responses"]["200"]["content"]
    assert content["application/x-ndjson"]["schema"]["contentSchema"] == {"$ref": f"#/components/schemas/{row}"}


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
