"""The documents against a real deployment: examples that can be sent, answers and errors that fit their schemas."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from api.openapi.example_files import photo as photo_of_examples
from models.catalogue import services
from tests.integration.conftest import FOUR, Deployment, Json, v2_sample
from tests.integration.documented import Documented

pytestmark = pytest.mark.stack

FITTER = "/face-detector-face-fitter/v2/process"


@dataclass(frozen=True)
class Example:
    """A request of the document, as Swagger UI sends it: with the defaults of parameters and fields."""

    path: str
    operation: Json
    media_type: str
    media: Json

    def send(self, documented: Documented) -> httpx.Response:
        sent: dict[str, Any] = {"params": _defaults(self.operation.get("parameters", []))}
        if self.media_type == "multipart/form-data":
            name = self.media["schema"]["$ref"].rpartition("/")[2]
            fields = documented.document["components"]["schemas"][name]["properties"]
            sent["data"] = {name: str(_shown(field)) for name, field in fields.items() if _shown(field) is not None}
            images = [name for name, field in fields.items() if field.get("format") == "binary"]
            sent["files"] = dict.fromkeys(images, photo_of_examples())
        else:
            example = self.media["example"]
            sent["content"] = example if isinstance(example, str) else json.dumps(example)
            sent["headers"] = {"Content-Type": self.media_type}
        return documented.deployment.client.post(self.path, **sent)


def examples(document: Json, prefix: str = "") -> Iterator[Example]:
    """All requests of which the document has an example, and the forms."""
    for path, methods in document["paths"].items():
        for operation in methods.values() if path.startswith(prefix) else ():
            for media_type, media in operation.get("requestBody", {}).get("content", {}).items():
                if "example" in media or media_type == "multipart/form-data":
                    yield Example(path, operation, media_type, media)


def _defaults(parameters: list[Json]) -> Json:
    return {one["name"]: one["schema"]["default"] for one in parameters if "default" in one["schema"]}


def _shown(field: Json) -> Any:
    return field.get("examples", [field.get("default")])[0]


@pytest.fixture(scope="module")
def documented(deployment: Deployment) -> Documented:
    return Documented.of(deployment)


@pytest.mark.parametrize("name", services())
def test_every_example_of_a_service_is_answered_as_documented(documented: Documented, name: str) -> None:
    of_service = Documented.of(documented.deployment, f"/{name}")
    for example in examples(of_service.document):
        response = example.send(of_service)
        assert response.status_code == 200, (example.path, response.text[:300])
        of_service.check(example.operation, response)
        shown = example.operation["responses"]["200"]["content"]["application/json"]["example"]
        assert response.json().keys() == shown.keys()
        assert response.json()["objects"], "an example shows something"


@pytest.mark.parametrize(("prefix", "status"), [("/jobs", 202), ("/batches", 202), ("/verify", 200), ("/faceapi", 200)])
def test_every_other_example_is_accepted_as_documented(documented: Documented, prefix: str, status: int) -> None:
    sent = list(examples(documented.document, prefix))
    assert sent
    for example in sent:
        response = example.send(documented)
        assert response.status_code == status, (example.path, response.text[:300])
        documented.check(example.operation, response)
        if location := response.headers.get("location"):
            ended = documented.request("GET", location, params={"wait": 30}).json()
            assert ended["status"] in ("succeeded", "completed")


def test_the_results_of_jobs_and_the_rows_of_batches_fit_their_schemas(documented: Documented) -> None:
    deployment = documented.deployment
    job = deployment.wait(deployment.submit(FOUR, v2_sample(), include_image=True))
    assert documented.request("GET", f"/jobs/{job['id']}").json()["result"]["objects"]
    assert documented.request("GET", f"/jobs/{job['id']}/result").json()["objects"]
    assert documented.request("GET", "/jobs").json()["jobs"]
    sides = {side: {"sample": v2_sample()} for side in "ab"}
    body = {"preset": "verify", **sides}
    verification = documented.request("POST", "/jobs", json=body, params={"wait": 30}).json()
    assert documented.request("GET", f"/jobs/{verification['id']}/result").json()["match"] is True
    good = {"custom_id": "good", "services": FOUR, "sample": v2_sample()}
    broken = {"custom_id": "broken", "services": FOUR, "sample": {}}
    body = "".join(json.dumps(line) + "\n" for line in (good, broken))
    headers = {"Content-Type": "application/x-ndjson"}
    batch = documented.request("POST", "/batches", content=body, headers=headers).json()
    documented.request("GET", f"/batches/{batch['id']}", params={"wait": 30})
    for path in ("output", "errors"):
        (row,) = documented.request("GET", f"/batches/{batch['id']}/{path}").text.splitlines()
        assert json.loads(row)["custom_id"] == ("good" if path == "output" else "broken")


def test_the_state_of_the_deployment_fits_its_schemas(documented: Documented) -> None:
    for path in ("/healthz", "/readyz", "/version", "/services"):
        assert documented.request("GET", path).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "stable_type"),
    [
        ("POST", f"{FITTER}/sample", {"json": {}}, 422, "invalid_sample"),
        ("POST", f"{FITTER}/sample", {"json": {"_image": {"blob": "%"}}}, 422, "undecodable_base64"),
        ("POST", f"{FITTER}/sample", {"json": {"_image": {"blob": "aGVsbG8="}}}, 422, "invalid_image"),
        ("POST", f"{FITTER}/image", {"json": {}}, 415, "unsupported_media"),
        ("POST", f"{FITTER}/image", {"files": {"image": bytes(5_100_000)}}, 413, "payload_too_large"),
        ("POST", "/jobs", {"json": {"services": ["shoes"], "sample": {}}}, 422, "invalid_sample"),
        ("GET", "/jobs", {"params": {"limit": 0}}, 422, "invalid_request"),
        ("GET", "/jobs/unknown", {"params": {"wait": "long"}}, 422, "invalid_request"),
        ("GET", "/jobs/unknown", {}, 404, "job_unknown"),
        ("GET", "/batches/unknown/output", {}, 404, "batch_unknown"),
        ("POST", "/batches", {"json": {}}, 415, "unsupported_media"),
        ("POST", "/verify", {"json": {}}, 422, "invalid_sample"),
        ("POST", "/verify", {"files": {"image_a": b"?", "image_b": b"?"}}, 422, "invalid_image"),
        ("GET", "/jobs/unknown/picture", {}, 404, "job_unknown"),
        ("GET", "/jobs/unknown/picture", {"headers": {"Accept": "text/html"}}, 406, "not_acceptable"),
    ],
)
def test_an_error_carries_its_stable_type(
    documented: Documented, method: str, path: str, sent: Json, status: int, stable_type: str
) -> None:
    response = documented.request(method, path, **sent)
    assert (response.status_code, response.json()["type"]) == (status, stable_type)
    assert response.json().keys() == {"detail", "type"}


@pytest.mark.parametrize(
    ("method", "path", "status", "stable_type"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/docs-assets/nothing.js", 404, "not_found"),
        ("POST", "/shoe-estimator/v1/process/sample", 404, "not_found"),
        ("PUT", "/jobs", 405, "method_not_allowed"),
        ("PUT", f"{FITTER}/sample", 405, "method_not_allowed"),
    ],
)
def test_a_route_that_is_not_there_has_a_stable_type_too(
    deployment: Deployment, method: str, path: str, status: int, stable_type: str
) -> None:
    response = deployment.client.request(method, path)
    assert (response.status_code, response.json()["type"]) == (status, stable_type)
    assert response.json().keys() == {"detail", "type"}
    assert ("allow" in response.headers) is (status == 405)
