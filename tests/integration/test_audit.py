"""What the audit says of callers with keys, and what it does not."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep, time
from typing import Any

import httpx
import pytest

from access.audit import Action, AuditEntry, AuditStream
from access.key import Scope
from access.token import Token
from tests.integration.api_process import administration, running_api
from tests.integration.conftest import base64_photo, v2_sample
from tests.integration.test_keys import faceline

ASKED = {"services": ["face-detector-face-fitter"], "sample": v2_sample(), "metadata": {"note": "in confidence"}}


@pytest.fixture
def key(server_url: str, redis: Any) -> Token:
    return administration(server_url).create("alice")


@pytest.fixture
def client(server_url: str, key: Token) -> Iterator[httpx.Client]:
    with running_api(server_url) as client:
        client.headers["Authorization"] = f"Bearer {key.reveal()}"
        yield client


def entries_once(redis: Any, enough: Callable[[list[AuditEntry]], bool]) -> list[AuditEntry]:
    """The entries, as soon as there are enough: they are written a moment later."""
    deadline = monotonic() + 10
    while True:
        entries = list(AuditStream(redis, 10_000).since(time() - 60))
        if enough(entries):
            return entries
        assert monotonic() < deadline, entries
        sleep(0.05)


def test_each_request_with_a_key_leaves_an_entry(client: httpx.Client, key: Token, redis: Any) -> None:
    job = client.post("/jobs", json=ASKED).json()["id"]
    client.get(f"/jobs/{job}")
    client.get("/jobs")
    client.head(f"/jobs/{job}/result")
    client.post(f"/jobs/{job}/cancel")
    client.delete(f"/jobs/{job}")
    other = client.post("/jobs", params={"wait": 0.01}, json=ASKED).json()["id"]
    client.post("/age-estimator/v1/process/sample", json={})
    entries = entries_once(redis, lambda entries: len(entries) == 9)
    assert [(entry.action, entry.subject, entry.status) for entry in entries] == [
        ("key-created", key.id, None),
        ("submit", job, 202),
        ("read", job, 200),
        ("list", None, 200),
        ("read", job, 202),
        ("cancel", job, 202),
        ("erase", job, 204),
        ("submit", other, 202),
        ("process", None, 422),
    ]
    for entry in entries[1:]:
        assert (entry.key, entry.owner, entry.client) == (key.id, "alice", "127.0.0.1")


def test_refusals_are_in_it_with_what_was_asked_for(client: httpx.Client, key: Token, redis: Any) -> None:
    assert client.get("/jobs/some-id", headers={"Authorization": ""}).status_code == 401
    assert client.get("/jobs", headers={"Host": "evil.example"}).status_code == 421
    assert client.get("/jobs", headers={"Origin": "http://evil.example"}).status_code == 403
    entries = entries_once(redis, lambda entries: len(entries) == 4)
    assert [(entry.action, entry.status, entry.subject, entry.key) for entry in entries[1:]] == [
        ("refused", 401, "some-id", None),
        ("refused", 421, None, None),
        ("refused", 403, None, None),
    ]


def test_a_missing_scope_is_a_refusal_of_a_known_key(server_url: str, client: httpx.Client, redis: Any) -> None:
    reader = administration(server_url).create("reader", [Scope.READ])
    refused = client.post("/jobs", json=ASKED, headers={"Authorization": f"Bearer {reader.reveal()}"})
    assert refused.status_code == 403
    last = entries_once(redis, lambda entries: len(entries) == 3)[-1]
    assert (last.action, last.status, last.owner) == ("refused", 403, "reader")


def test_it_has_neither_content_nor_keys(client: httpx.Client, key: Token, redis: Any) -> None:
    client.post("/jobs", json=ASKED)
    client.post("/faceapi/v1/face_age_detection", json={"image": "no base64!", "api_key": key.reveal()})
    entries_once(redis, lambda entries: len(entries) >= 2)
    kept = str(redis.xrange("faceline:audit"))
    for secret in (key.reveal(), key.reveal().rpartition("_")[2], "in confidence", base64_photo()[:40]):
        assert secret not in kept


def test_without_keys_there_is_no_caller_to_record(server_url: str, redis: Any) -> None:
    with running_api(server_url) as client:
        client.post("/jobs", json=ASKED)
        client.get("/jobs", headers={"Host": "evil.example"})
        (entry,) = entries_once(redis, bool)
    assert entry.action == "refused"


def test_the_oldest_entries_make_room(redis: Any) -> None:
    stream = AuditStream(redis, 100)
    for _ in range(10):
        stream.write([AuditEntry(Action.READ)] * 100)
    assert 100 <= redis.xlen("faceline:audit") < 1000


def test_the_command_shows_it(tmp_path: Path) -> None:
    for name in ("alice", "bob"):
        assert faceline(tmp_path, "keys", "create", name).returncode == 0
    shown = faceline(tmp_path, "audit", "--since", "1h")
    assert [line.split()[1] for line in shown.stdout.splitlines()] == ["key-created", "key-created"]
    (line,) = faceline(tmp_path, "audit", "--json", "--key", "bob").stdout.splitlines()
    entry = json.loads(line)
    assert (entry["action"], entry["owner"], entry["client"]) == ("key-created", "bob", "command line")
    assert faceline(tmp_path, "audit", "--since", "1s", "--key", "carol").stdout == ""
