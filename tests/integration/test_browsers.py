"""What a browser of the machine's user lets pages of other sites send, and that they get nothing by it."""

from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from http.client import HTTPConnection
from re import DOTALL, findall
from typing import Any

import httpx
import pytest

from jobs.redis.connection import connect
from tests.integration.api_process import running_api
from tests.integration.conftest import photo, v2_sample

EVIL = "http://evil.example"
FORM = {"services": "face-detector-face-fitter"}


@pytest.fixture(scope="module")
def client(server_url: str) -> Iterator[httpx.Client]:
    """An API that asks for no keys, with a job in it."""
    redis: Any = connect(server_url, patience_s=1)
    redis.flushdb()
    with running_api(server_url) as client:
        body = {"services": ["face-detector-face-fitter"], "sample": v2_sample()}
        client.post("/jobs", json=body).raise_for_status()
        yield client


def jobs(client: httpx.Client) -> list[str]:
    return [job["id"] for job in client.get("/jobs").raise_for_status().json()["jobs"]]


def refused(response: httpx.Response, status: int, error_type: str) -> None:
    assert (response.status_code, response.json()["type"]) == (status, error_type)
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost.evil", ""])
def test_a_rebound_name_reads_nothing(client: httpx.Client, host: str) -> None:
    for path in ("/jobs", f"/jobs/{jobs(client)[0]}", "/batches", "/services", "/version"):
        refused(client.get(path, headers={"Host": host}), 421, "host_not_allowed")
    refused(client.delete(f"/jobs/{jobs(client)[0]}", headers={"Host": host}), 421, "host_not_allowed")


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8000", "LOCALHOST.", "127.0.0.1", "[::1]:8000", "192.168.1.9"]
)
def test_names_of_this_machine_and_addresses_are_answered(client: httpx.Client, host: str) -> None:
    assert client.get("/jobs", headers={"Host": host}).status_code == 200


def test_two_host_headers_are_one_too_many(client: httpx.Client) -> None:
    connection = HTTPConnection("127.0.0.1", client.base_url.port)
    connection.putrequest("GET", "/jobs", skip_host=True)
    for host in ("localhost", "evil.example"):
        connection.putheader("Host", host)
    connection.endheaders()
    assert connection.getresponse().status in (400, 421)
    connection.close()


@pytest.mark.parametrize("origin", [EVIL, "null", "http://localhost:1", "https://127.0.0.1:1"])
def test_a_foreign_form_submits_nothing(client: httpx.Client, origin: str) -> None:
    before = jobs(client)
    for headers in (
        {"Origin": origin},
        {"Origin": origin, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    ):
        refused(
            client.post("/jobs/image", files={"image": photo()}, data=FORM, headers=headers), 403, "origin_not_allowed"
        )
        refused(client.post(f"/jobs/{before[0]}/cancel", headers=headers), 403, "origin_not_allowed")
    assert jobs(client) == before


@pytest.mark.parametrize(
    "media_type", ["text/plain", "text/plain;application/json", "application/x-www-form-urlencoded", None]
)
def test_json_has_to_be_declared_as_json(client: httpx.Client, media_type: str | None) -> None:
    body = httpx.Request("POST", EVIL, json={"services": ["face-detector-face-fitter"], "sample": v2_sample()}).content
    headers = {} if media_type is None else {"Content-Type": media_type}
    before = jobs(client)
    for path in ("/jobs", "/age-estimator/v1/process/sample"):
        refused(client.post(path, content=body, headers=headers), 415, "unsupported_media")
    assert client.post("/faceapi/v1/face_age_detection", content=body, headers=headers).json()["result"] == "Err"
    assert jobs(client) == before


@pytest.mark.parametrize("site", ["cross-site", "same-site", "unheard-of"])
@pytest.mark.parametrize("mode", ["no-cors", "cors", "navigate"])
def test_a_fetch_of_another_site_reads_nothing(client: httpx.Client, site: str, mode: str) -> None:
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode}
    for path in ("/jobs", f"/jobs/{jobs(client)[0]}/result", "/services"):
        refused(client.get(path, headers=headers), 403, "origin_not_allowed")
        assert client.head(path, headers=headers).status_code == 403


def test_a_preflight_of_another_site_is_refused(client: httpx.Client) -> None:
    asked = {"Origin": EVIL, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    refused(client.options("/jobs", headers=asked), 403, "origin_not_allowed")


def test_our_own_pages_and_typed_addresses_are_answered(client: httpx.Client) -> None:
    own = str(client.base_url).rstrip("/")
    for headers in ({"Origin": own, "Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": own}, {}):
        assert client.get("/jobs", headers=headers).status_code == 200


def test_answers_are_not_kept_framed_or_taken_for_scripts(client: httpx.Client) -> None:
    for answer in (client.get("/jobs"), client.get("/jobs/none"), client.get("/jobs", headers={"Host": "x"})):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; frame-ancestors 'none'")


@pytest.mark.parametrize("path", ["/docs", "/age-estimator/docs"])
def test_a_page_of_the_documents_runs_its_own_scripts_only(client: httpx.Client, path: str) -> None:
    # A link of another site may lead to it.
    page = client.get(path, headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"})
    policy = dict(part.split(" ", 1) for part in page.headers["Content-Security-Policy"].split("; "))
    (script,) = findall(r"<script>(.*?)</script>", page.text, DOTALL)
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert policy["script-src"] == f"'self' 'sha256-{digest}'"
    assert policy["default-src"] == "'none'"
    files = findall(r'(?:src|href)="([^"]+)"', page.text)
    assert files
    assert all(file.startswith("/docs-assets/") for file in files)
    assert all(client.get(file).status_code == 200 for file in files)


def test_probes_may_call_by_any_name(client: httpx.Client) -> None:
    assert client.get("/healthz", headers={"Host": "10.0.0.7.cluster.example"}).status_code == 200


def test_an_operator_lets_names_and_pages_in(server_url: str) -> None:
    friend = "https://app.example"
    with running_api(
        server_url,
        FACELINE_BROWSERS__HOSTS="faces.example,*.internal.example",
        FACELINE_BROWSERS__ORIGINS=friend,
    ) as client:
        for host, status in (
            ("faces.example", 200),
            ("a.internal.example:8000", 200),
            ("internal.example", 421),
            ("x.faces.example", 421),
        ):
            assert client.get("/jobs", headers={"Host": host}).status_code == status
        page = {"Origin": friend, "Sec-Fetch-Site": "cross-site"}
        asked = {
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type,idempotency-key,traceparent",
        }
        leave = client.options("/jobs", headers={**page, **asked})
        assert (leave.status_code, leave.headers["Access-Control-Allow-Origin"]) == (200, friend)
        assert "access-control-allow-credentials" not in leave.headers
        unheard = {**asked, "Access-Control-Request-Headers": "x-unheard-of"}
        assert client.options("/jobs", headers={**page, **unheard}).status_code == 400
        answer = client.get("/jobs", headers=page)
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, friend)
        assert client.get("/jobs", headers={"Origin": EVIL}).status_code == 403
