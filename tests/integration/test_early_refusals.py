"""Requests that are refused before the framework sees them are answered as all others, and no other is refused."""

import json
from collections.abc import Callable, Iterator
from time import monotonic, sleep, time
from typing import Any

import httpx
import pytest

from access.audit import Action, AuditStream
from access.key import Scope
from tests.integration.api_process import administration
from tests.integration.conftest import FOUR, Deploy, Deployment, v1_sample, v2_sample
from tests.integration.documented import Documented
from tests.integration.test_limits import JSON, stopped_worker

pytestmark = pytest.mark.stack

JOB = {"services": FOUR[:1], "sample": v2_sample()}
NOT_PARSED = b"{"
VERSION_1_0 = "/face-detector-face-fitter/process/sample"


def refused_early(client: httpx.Client, submit: Callable[[], httpx.Response] | None = None) -> httpx.Response:
    """The answer to a job whose body cannot be parsed, once such a job is refused; until then, others are submitted."""
    ends = monotonic() + 60
    while (answer := client.post("/jobs", content=NOT_PARSED, headers=JSON)).status_code != 429:
        assert monotonic() < ends
        if submit:
            submit()
    return answer


@pytest.fixture(scope="module")
def busy(deploy: Deploy) -> Iterator[Deployment]:
    """A deployment without room for jobs of priority normal, and with room for urgent ones."""
    with deploy(FACELINE_LIMITS__NORMAL_WAIT_S="2", FACELINE_LIMITS__HIGH_WAIT_S="60") as slow, stopped_worker(slow):
        refused_early(slow.client, lambda: slow.client.post("/jobs", json=JOB))
        yield slow


def urgent(name: str = "priority") -> bytes:
    """The body of an urgent job, with its priority behind the photo."""
    return json.dumps(JOB)[:-1].encode() + f', "{name}": "high"}}'.encode()


def in_parts(body: bytes) -> Iterator[bytes]:
    return (body[start : start + 10_000] for start in range(0, len(body), 10_000))


@pytest.mark.parametrize(
    "content", [urgent(), urgent("\\u0070riority"), in_parts(urgent())], ids=["whole", "escaped", "in parts"]
)
def test_a_job_that_names_its_priority_is_not_refused_for_that_of_others(
    busy: Deployment, content: bytes | Iterator[bytes]
) -> None:
    refused_early(busy.client)
    accepted = busy.client.post("/jobs", content=content, headers=JSON)
    assert accepted.status_code == 202, accepted.text
    assert accepted.json()["services"] == FOUR[:1]


def test_a_body_that_is_too_large_is_not_read_to_refuse_its_job(busy: Deployment) -> None:
    refused_early(busy.client)
    for content in (bytes(20_000_000), in_parts(bytes(20_000_000))):
        answer = busy.client.post("/jobs", content=content, headers=JSON)
        assert (answer.status_code, answer.json()["type"]) == (413, "payload_too_large")


def test_an_early_refusal_is_answered_measured_and_logged_as_any_other(busy: Deployment) -> None:
    # First, since reading the documents takes a while, and a reading of the backlog is used for a second only.
    documented = Documented.of(busy)
    refused_early(busy.client)
    headers = {**JSON, "X-Request-ID": "early-1"}
    answer = documented.request("POST", "/jobs", content=NOT_PARSED, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (429, "overloaded")
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.headers["X-Request-ID"] == "early-1"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert 'http_request_seconds_count{method="POST",route="/jobs",status="429"}' in busy.client.get("/metrics").text
    (line,) = (line for line in busy.log.read_text().splitlines() if "request=early-1" in line)
    assert "route=/jobs status=429" in line


def test_a_request_of_another_site_and_one_for_another_host_are_refused_as_such(busy: Deployment) -> None:
    for headers, status in (({"Origin": "https://a.example"}, 403), ({"Host": "a.example"}, 421)):
        assert busy.client.post("/jobs", content=NOT_PARSED, headers={**JSON, **headers}).status_code == status


@pytest.fixture(scope="module")
def full(deploy: Deploy) -> Iterator[Deployment]:
    """A deployment without workers, whose store has no room."""
    with deploy(workers=[], FACELINE_LIMITS__STORE_SHARE="0.0001") as idle:
        yield idle


@pytest.mark.parametrize(
    ("path", "deprecation"),
    [(VERSION_1_0, "@1767225600"), ("/face-detector-face-fitter/v2/process/image", None), ("/verify", None)],
)
def test_a_caller_is_refused_before_the_body_is_parsed(full: Deployment, path: str, deprecation: str | None) -> None:
    answer = full.client.post(path, content=NOT_PARSED, headers=JSON)
    assert (answer.status_code, answer.json()["type"]) == (429, "overloaded")
    assert answer.headers.get("Deprecation") == deprecation


def test_a_caller_without_a_right_is_told_so_and_others_are_in_the_audit(full: Deployment) -> None:
    keys = administration(full.stack.redis_url)
    alice, reader = (
        {"Authorization": f"Bearer {keys.create(name, scopes=scopes).reveal()}"}
        for name, scopes in (("alice", {Scope.JOBS, Scope.PROCESS}), ("bob", {Scope.READ}))
    )
    ends = monotonic() + 30
    while full.client.get("/jobs").status_code != 401:
        assert monotonic() < ends
        sleep(0.1)
    for path, action in (("/jobs", Action.SUBMIT), (VERSION_1_0, Action.PROCESS)):
        for key, status in (({}, 401), (reader, 403), (alice, 429)):
            sent: dict[str, Any] = {"json": v1_sample() if path == VERSION_1_0 else JOB, "headers": key}
            answer = full.client.post(path, **sent)
            assert answer.status_code == status
        audit = AuditStream(full.redis, 10_000)
        while not any((entry.action, entry.status) == (action, 429) for entry in audit.since(time() - 60)):
            assert monotonic() < ends
            sleep(0.1)


@pytest.fixture
def proxied(deploy: Deploy) -> Iterator[Deployment]:
    """As `full`, behind a proxy of this machine."""
    with deploy(workers=[], FACELINE_LIMITS__STORE_SHARE="0.0001", FACELINE_SERVER__PROXIES="127.0.0.1") as idle:
        yield idle


@pytest.mark.parametrize(("name", "client"), [("full", "127.0.0.1"), ("proxied", "192.0.2.7")])
def test_each_repeated_refusal_is_in_the_audit_and_has_the_headers_of_others(
    request: pytest.FixtureRequest, name: str, client: str
) -> None:
    full: Deployment = request.getfixturevalue(name)
    key = administration(full.stack.redis_url).create("carol", scopes={Scope.JOBS}).reveal()
    headers = {"Authorization": f"Bearer {key}", "X-Forwarded-For": "192.0.2.7"}
    ends = monotonic() + 30
    while (first := full.client.post("/jobs", json=JOB, headers=headers)).status_code != 429:
        assert monotonic() < ends
        sleep(0.1)
    answers = [first, *(full.client.post("/jobs", json=JOB, headers=headers) for _ in range(20))]
    assert {answer.status_code for answer in answers} == {429}
    assert len({answer.headers["X-Request-ID"] for answer in answers}) == len(answers)
    assert {answer.headers["X-Content-Type-Options"] for answer in answers} == {"nosniff"}
    audit = AuditStream(full.redis, 10_000)
    while len(found := [entry for entry in audit.since(0) if (entry.owner, entry.status) == ("carol", 429)]) < len(
        answers
    ):
        assert monotonic() < ends
        sleep(0.1)
    assert len(found) == len(answers)
    assert {(entry.action, entry.client) for entry in found} == {(Action.SUBMIT, client)}
