"""Every route, with every kind of key: the cases are made of the routes themselves, so a new route is among them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from time import monotonic, sleep
from typing import Any

import httpx
import pytest
from fastapi.routing import RouteContext
from starlette.routing import Mount

from access.key import Scope
from access.store import KeyStore
from access.token import Token
from api.access import api_routes, is_public, needs_of
from api.app import create_app
from jobs.redis.connection import connect
from tests.integration.api_process import administration, running_api
from tests.integration.conftest import v2_sample

APP = create_app()
ROUTES = list(api_routes(APP.routes))
KEYED = [route for route in ROUTES if needs_of(route) is not None]
OPEN_TO_ALL = [route for route in ROUTES if is_public(route)]
FACADE = [route for route in ROUTES if needs_of(route) is None and not is_public(route)]
JSON = {"Content-Type": "application/json"}
LINES = {"Content-Type": "application/x-ndjson"}
Key = str | None


def name_of(route: RouteContext) -> str:
    return f"{method_of(route)} {route.path}"


def method_of(route: RouteContext) -> str:
    (method,) = route.methods or ()
    return method


@dataclass(frozen=True)
class There:
    """An API with keys of all kinds, and a job and a batch of `alice`."""

    client: httpx.Client
    keys: Mapping[str, Key]
    job: str
    batch: str

    def ask(self, route: RouteContext, key: Key, **options: Any) -> httpx.Response:
        """Sends the least of a request: it is refused for its key before it is refused for its body."""
        path = (route.path or "").format(job_id=self.job, batch_id=self.batch)
        return self.client.request(method_of(route), path, headers=bearer(key), **options)


def bearer(key: Key) -> dict[str, str]:
    return {} if key is None else {"Authorization": f"Bearer {key}".strip()}


def submit(client: httpx.Client, key: Key, **headers: str) -> httpx.Response:
    body = {"services": ["face-detector-face-fitter"], "sample": v2_sample()}
    return client.post("/jobs", json=body, headers={**bearer(key), **headers})


def submit_batch(client: httpx.Client, key: Key, **headers: str) -> httpx.Response:
    line = httpx.Request(
        "POST",
        "http://x",
        json={"custom_id": "a", "services": ["face-detector-face-fitter"], "sample": v2_sample()},
    ).content
    return client.post("/batches", content=line, headers={**LINES, **bearer(key), **headers})


@pytest.fixture(scope="module")
def there(server_url: str) -> Iterator[There]:
    redis: Any = connect(server_url, patience_s=1)
    redis.flushdb()
    expired = administration(server_url, lambda: 1000.0).create("expired", lifetime_s=60)
    keyed = administration(server_url)
    revoked = keyed.create("revoked", list(Scope))
    keyed.revoke(revoked.id)
    tokens: dict[str, Token] = {
        "wrong": Token.new(),
        "expired": expired,
        "revoked": revoked,
        "alice": keyed.create("alice"),
        "bob": keyed.create("bob"),
        "root": keyed.create("root", list(Scope)),
        **{scope: keyed.create(f"only-{scope}", [scope]) for scope in Scope},
    }
    keys: dict[str, Key] = {"none": None, "malformed": "a-password", "empty": ""}
    keys |= {name: token.reveal() for name, token in tokens.items()}
    with running_api(server_url) as client:
        job = submit(client, keys["alice"]).raise_for_status().json()["id"]
        batch = submit_batch(client, keys["alice"]).raise_for_status().json()["id"]
        yield There(client, keys, job, batch)


def test_only_these_routes_are_public() -> None:
    paths = {route.path for route in OPEN_TO_ALL}
    pages = {path for path in paths if path and path.endswith(("/docs", "/openapi.json"))}
    assert paths - pages == {"/", "/healthz", "/readyz"}
    assert {(route.path or "").rpartition("/")[0] for route in FACADE} == {"/faceapi/v1"}


@pytest.mark.parametrize("key", ["none", "empty", "malformed", "wrong", "expired", "revoked"])
@pytest.mark.parametrize("route", KEYED, ids=name_of)
def test_without_a_live_key_a_route_answers_401(there: There, route: RouteContext, key: str) -> None:
    response = there.ask(route, there.keys[key])
    assert (response.status_code, response.json()["type"]) == (401, "unauthenticated")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert_documented(route, response)


@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize("route", KEYED, ids=name_of)
def test_a_route_needs_its_scope_and_no_other(there: There, route: RouteContext, scope: Scope) -> None:
    response = there.ask(route, there.keys[scope])
    needs = needs_of(route)
    assert needs is not None
    if needs.scope in (None, scope):
        assert response.status_code not in (401, 403)
    else:
        assert (response.status_code, response.json()["type"]) == (403, "missing_scope")
        assert needs.scope in response.json()["detail"]
    assert_documented(route, response)


@pytest.mark.parametrize("route", [route for route in KEYED if "_id}" in (route.path or "")], ids=name_of)
def test_what_belongs_to_another_key_does_not_exist(there: There, route: RouteContext) -> None:
    response = there.ask(route, there.keys["bob"])
    assert response.status_code == 404
    assert response.json()["type"] in ("job_unknown", "batch_unknown")
    assert_documented(route, response)


@pytest.mark.parametrize("key", ["alice", "root"])
@pytest.mark.parametrize(
    "route",
    [route for route in KEYED if "_id}" in (route.path or "") and method_of(route) == "GET"],
    ids=name_of,
)
def test_what_belongs_to_the_key_is_found_also_by_an_administrator(there: There, route: RouteContext, key: str) -> None:
    answer = there.ask(route, there.keys[key])
    # No worker runs: the job is found, and has no picture yet.
    assert answer.is_success or answer.json()["type"] == "not_over"


@pytest.mark.parametrize("route", OPEN_TO_ALL, ids=name_of)
def test_a_public_route_needs_no_key(there: There, route: RouteContext) -> None:
    # Without a worker the deployment is not ready.
    assert there.ask(route, None).status_code == (503 if route.path == "/readyz" else 200)


@pytest.mark.parametrize("key", ["none", "empty", "malformed", "wrong", "expired", "revoked", *Scope])
@pytest.mark.parametrize("route", FACADE, ids=name_of)
def test_the_facade_takes_the_same_keys_in_its_body(there: There, route: RouteContext, key: str) -> None:
    text = there.keys[key] or ""
    answer = there.ask(route, None, json={"image": "no base64!", "api_key": text})
    assert answer.status_code == 200
    assert answer.json()["code"] == (3 if key == Scope.PROCESS else 2)


def assert_documented(route: RouteContext, response: httpx.Response) -> None:
    operation = APP.openapi()["paths"][route.path][method_of(route).lower()]
    assert str(response.status_code) in operation["responses"] or "default" in operation["responses"]
    if response.status_code in (401, 403):
        assert str(response.status_code) in operation["responses"]
        assert operation["security"]


def test_the_key_may_also_be_in_a_header_of_its_own(there: There) -> None:
    key = there.keys["alice"]
    assert there.client.get("/jobs", headers={"X-API-Key": str(key)}).status_code == 200
    assert there.client.get("/jobs", headers={"Authorization": f"bearer {key}"}).status_code == 200
    assert there.client.get("/jobs", headers={"Authorization": f"Basic {key}"}).status_code == 401


@pytest.mark.parametrize("name", ["Authorization", "X-API-Key"])
def test_two_keys_in_one_request_are_none(there: There, name: str) -> None:
    start = "Bearer " if name == "Authorization" else ""
    for first, second in (("alice", "wrong"), ("wrong", "alice"), ("alice", "bob"), ("alice", "alice")):
        both = [(name, f"{start}{there.keys[key]}") for key in (first, second)]
        assert there.client.get("/jobs", headers=both).status_code == 401


@pytest.mark.parametrize(
    "changed",
    [
        lambda key: key.upper(),
        lambda key: key.swapcase(),
        lambda key: f"{key}\u00a0",
        lambda key: f"{key},{key}",
        lambda key: key.replace("_", "\uff3f"),
        lambda key: f"{key[:-1]}\u0430",
        lambda key: f"{key}{'a' * 2000}",
        lambda key: f'"{key}"',
    ],
)
def test_a_text_that_resembles_a_key_is_none(there: There, changed: Callable[[str], str]) -> None:
    text = changed(str(there.keys["alice"])).encode()
    answers = [
        there.client.get("/jobs", headers=[(b"X-API-Key", text)]),
        there.client.get("/jobs", headers=[(b"Authorization", b"Bearer\t" + text)]),
    ]
    assert [answer.status_code for answer in answers] == [401, 401]


def test_every_other_place_is_a_folder_of_files_that_show_nothing_of_callers(there: There) -> None:
    mounts = {route.path: route for route in APP.routes if isinstance(route, Mount)}
    assert set(mounts) == {"/console", "/docs-assets"}
    routes = {route.path for route in ROUTES}
    assert {path for route in APP.routes if (path := getattr(route, "path", None))} <= routes | set(mounts)
    up = ("/console/../jobs", "/console/%2e%2e/jobs", "/console/x/../../jobs", "/docs-assets/..%2f..%2fapp.py")
    for path in (*up, "//jobs", "/jobs/", "/console//jobs", "/docs-assets/../jobs"):
        with closing(HTTPConnection("127.0.0.1", there.client.base_url.port, timeout=30)) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            assert answer.status in (307, 401, 404), path
            assert there.job.encode() not in answer.read()


def test_an_error_about_headers_does_not_repeat_a_key(there: There) -> None:
    key = str(there.keys["alice"])
    answer = there.client.get("/jobs", headers=[("Authorization", f"Bearer {key}"), ("X-Long", "a" * 200_000)])
    assert answer.status_code in (400, 431)
    assert key not in answer.text


def test_lists_show_what_is_ones_own_and_an_administrator_sees_all(there: There) -> None:
    def listed(kind: str, key: str) -> set[str]:
        answer = there.client.get(f"/{kind}", headers=bearer(there.keys[key])).raise_for_status().json()
        return {entry["id"] for entry in answer[kind]}

    bobs = submit(there.client, there.keys["bob"]).json()["id"]
    assert (there.job in listed("jobs", "alice"), there.batch in listed("batches", "alice")) == (True, True)
    assert listed("jobs", "bob") == {bobs}
    assert listed("batches", "bob") == set()
    assert {there.job, bobs} <= listed("jobs", "root")
    assert there.batch in listed("batches", "root")


@pytest.mark.parametrize("send", [submit, submit_batch])
def test_an_idempotency_key_is_ones_own(there: There, send: Callable[..., httpx.Response]) -> None:
    def made(key: str) -> str:
        answer = send(there.client, there.keys[key], **{"Idempotency-Key": "mine"})
        return str(answer.raise_for_status().json()["id"])

    assert made("alice") == made("alice")
    assert made("alice") != made("bob")


def test_jobs_of_a_batch_belong_to_its_owner(there: There, server_url: str) -> None:
    redis: Any = connect(server_url, patience_s=1)
    (entry,) = redis.lrange(f"faceline:batch-jobs:{there.batch}", 0, -1)
    job = entry.decode().partition(" ")[0]
    assert there.client.get(f"/jobs/{job}", headers=bearer(there.keys["alice"])).status_code == 200
    assert there.client.get(f"/jobs/{job}", headers=bearer(there.keys["bob"])).status_code == 404


def test_waiting_for_a_result_needs_the_scope_that_reading_it_needs(there: There) -> None:
    body = {"services": ["face-detector-face-fitter"], "sample": v2_sample()}
    waiting = {"params": {"wait": 0.01}, "json": body}
    assert there.client.post("/jobs", headers=bearer(there.keys[Scope.JOBS]), **waiting).status_code == 403
    assert there.client.post("/jobs", headers=bearer(there.keys["alice"]), **waiting).status_code == 202


def test_a_new_key_is_known_at_once_and_a_revoked_one_is_refused_within_five_seconds(
    there: There, server_url: str
) -> None:
    keyed = administration(server_url)
    there.client.get("/jobs", headers=bearer(there.keys["alice"]))
    sleep(1)  # the wrong keys of tests before may have used up the reads for unknown keys
    token = keyed.create("leaked")
    assert there.client.get("/jobs", headers=bearer(token.reveal())).status_code == 200
    keyed.revoke("leaked")
    revoked_at = monotonic()
    while there.client.get("/jobs", headers=bearer(token.reveal())).status_code == 200:
        assert monotonic() < revoked_at + 5
        sleep(0.1)


def test_the_last_use_of_a_key_is_noted(there: There, server_url: str) -> None:
    there.client.get("/jobs", headers=bearer(there.keys["alice"]))
    key = Token.parse(str(there.keys["alice"]))
    assert key is not None
    assert KeyStore(connect(server_url, patience_s=1)).last_uses()[key.id] % 60 == 0


def test_neither_a_key_nor_its_secret_is_in_the_store(there: There, server_url: str) -> None:
    redis: Any = connect(server_url, patience_s=1)
    kept = b"".join([*redis.hvals("faceline:keys"), *redis.hkeys("faceline:keys")])
    for key in there.keys.values():
        if key:
            assert key.rpartition("_")[2].encode() not in kept


@pytest.mark.parametrize("pages", ["true", "false"])
def test_the_pages_of_the_documents_are_a_setting(server_url: str, pages: str) -> None:
    with running_api(server_url, FACELINE_ACCESS__DOCS=pages) as client:
        statuses = {client.get(path).status_code for path in ("/docs", "/openapi.json", "/age-estimator/docs")}
    assert statuses == {200 if pages == "true" else 404}
