"""Limits of keys as callers meet them: the headers, the refusals, and the size of batches."""

import json
import re
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

import httpx
import pytest

from access.key import Scope
from tests.integration.api_process import administration, running_api
from tests.integration.conftest import base64_photo, v2_sample

ASKED = {"services": ["face-detector-face-fitter"], "sample": v2_sample()}
LINES = {"Content-Type": "application/x-ndjson"}
LEFT = re.compile(r'"(?P<name>[a-z-]+)";r=(?P<photos>\d+);t=(?P<ends_s>\d+)')


@pytest.fixture
def key(server_url: str, redis: Any) -> Callable[..., dict[str, str]]:
    """Creates a key, and gives the header with it: `key("alice", rate="3/hour")`."""

    def create(name: str, **limits: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {administration(server_url).create(name, **limits).reveal()}"}

    return create


def left(response: httpx.Response) -> dict[str, int]:
    """The photos that are left, by the names of the windows."""
    return {found["name"]: int(found["photos"]) for found in LEFT.finditer(response.headers["RateLimit"])}


def lines(count: int) -> bytes:
    return b"".join(json.dumps({"custom_id": str(index), **ASKED}).encode() + b"\n" for index in range(count))


def test_answers_say_what_is_left_and_refusals_when_to_come_back(server_url: str, key: Callable[..., Any]) -> None:
    alice = key("alice", rate="3/hour", quota="100/30 days")
    with running_api(server_url) as client:
        for photos_left in (2, 1, 0):
            accepted = client.post("/jobs", json=ASKED, headers=alice)
            assert accepted.status_code == 202
            assert left(accepted) == {"rate": photos_left, "quota": 97 + photos_left}
        policy = '"rate";q=3;qu="photos";w=3600, "quota";q=100;qu="photos";w=2592000'
        assert accepted.headers["RateLimit-Policy"] == policy
        refused = client.post("/jobs", json=ASKED, headers=alice)
        assert (refused.status_code, refused.json()["type"]) == (429, "rate_limited")
        assert 0 < int(refused.headers["Retry-After"]) <= 7200
        assert left(refused) == {"rate": 0, "quota": 97}
        assert client.get("/jobs", headers=alice).status_code == 200
        image = {"services": "face-detector-face-fitter"}
        form = client.post("/jobs/image", data=image, files={"image": b"no image"}, headers=alice)
        assert form.status_code == 422
        facade = {"image": base64_photo(), "api_key": alice["Authorization"].removeprefix("Bearer ")}
        assert client.post("/faceapi/v1/face_age_detection", json=facade).json()["result"] == "Err"


def test_only_accepted_photos_count_and_a_repeated_request_counts_once(
    server_url: str, key: Callable[..., Any]
) -> None:
    alice = key("alice", rate="100/hour")
    with running_api(server_url) as client:
        for _ in range(3):
            repeated = client.post("/jobs", json=ASKED, headers={**alice, "Idempotency-Key": "once"})
        wrong = client.post("/jobs", json={**ASKED, "sample": {}}, headers=alice)
        assert wrong.status_code == 422
        assert left(repeated) == left(wrong) == {"rate": 99}
        # No worker is live.
        sync = client.post("/face-detector-face-fitter/v2/process/sample", json=v2_sample(), headers=alice)
        assert sync.status_code == 503
        assert left(sync) == {"rate": 99}


def test_a_batch_costs_its_size(server_url: str, key: Callable[..., Any]) -> None:
    alice = key("alice", quota="40/day")
    with running_api(server_url) as client:
        batch = client.post("/batches", content=lines(38), headers={**alice, **LINES})
        assert batch.status_code == 202
        assert left(batch) == {"quota": 2}
        refused = client.post("/batches", content=lines(3), headers={**alice, **LINES})
        assert (refused.status_code, refused.json()["type"]) == (429, "rate_limited")
        assert [entry["id"] for entry in client.get("/batches", headers=alice).json()["batches"]] == [
            batch.json()["id"]
        ]


def test_a_batch_waits_for_a_rate_that_is_soon_free(server_url: str, key: Callable[..., Any]) -> None:
    alice = key("alice", rate="16/1 second")
    with running_api(server_url) as client:
        began = monotonic()
        assert client.post("/batches", content=lines(48), headers={**alice, **LINES}).status_code == 202
        assert monotonic() - began > 1


def test_a_limit_of_the_deployment_holds_without_keys_too(server_url: str, redis: Any) -> None:
    with running_api(server_url, FACELINE_ACCESS__RATE="1/hour") as client:
        assert left(client.post("/jobs", json=ASKED)) == {"deployment-rate": 0}
        assert client.post("/jobs", json=ASKED).status_code == 429


def test_without_limits_answers_have_no_such_headers(server_url: str, key: Callable[..., Any]) -> None:
    alice = key("alice")
    with running_api(server_url) as client:
        assert "RateLimit" not in client.post("/jobs", json=ASKED, headers=alice).headers


def test_unfinished_jobs_and_kept_bytes_are_bounded(server_url: str, key: Callable[..., Any]) -> None:
    few, small = key("few", jobs=2), key("small", bytes=2000)
    with running_api(server_url) as client:
        first = client.post("/jobs", json=ASKED, headers=few).json()["id"]
        assert client.post("/jobs", json=ASKED, headers=few).status_code == 202
        refused = client.post("/jobs", json=ASKED, headers=few)
        assert (refused.status_code, refused.json()["type"]) == (429, "too_many_jobs")
        client.delete(f"/jobs/{first}", headers=few)
        assert client.post("/jobs", json=ASKED, headers=few).status_code == 202
        refused = client.post("/jobs", json=ASKED, headers=small)
        assert (refused.status_code, refused.json()["type"]) == (429, "too_many_bytes")


def test_results_are_kept_no_longer_than_the_key_allows(server_url: str, key: Callable[..., Any], redis: Any) -> None:
    brief = key("brief", ttl_s=5)
    with running_api(server_url) as client:
        job = client.post("/jobs", json={**ASKED, "ttl_s": 3600}, headers=brief).json()["id"]
        batch = client.post("/batches", content=lines(1), headers={**brief, **LINES}).json()["id"]
        assert json.loads(redis.hget(f"faceline:job:{job}", "spec"))["ttl_s"] == 5
        assert json.loads(redis.hget(f"faceline:batch:{batch}", "spec"))["ttl_s"] == 5


def test_everything_of_ones_own_is_erased_and_nothing_else(
    server_url: str, key: Callable[..., Any], redis: Any
) -> None:
    alice, bob, root = key("alice"), key("bob"), key("root", scopes=list(Scope))
    everything = {"everything": "true"}
    with running_api(server_url) as client:

        def submit(of: dict[str, str]) -> None:
            for number in range(3):
                repeated = {"Idempotency-Key": str(number)}
                assert client.post("/jobs", json=ASKED, headers={**of, **repeated}).status_code == 202
            assert client.post("/batches", content=lines(20), headers={**of, **LINES, **repeated}).status_code == 202

        def kept(name: str) -> list[bytes]:
            jobs = [json.loads(redis.hget(record, "spec"))["id"] for record in redis.keys("faceline:job:*")]
            owners = {job: json.loads(redis.hget(f"faceline:job:{job}", "spec"))["owner"] for job in jobs}
            mine = [job for job, owner in owners.items() if owner == name]
            return [found for job in mine for found in redis.keys(f"*{job}*")]

        submit(alice)
        submit(bob)
        # Records that cannot be read are erased as well.
        unreadable = client.get("/jobs", headers=alice).json()["jobs"][0]["id"]
        redis.hset(f"faceline:job:{unreadable}", "status", "unknown")
        bobs = kept("bob")
        assert client.delete("/jobs", headers=alice).status_code == 422
        assert client.delete("/jobs/", headers=alice, follow_redirects=True).status_code == 422
        assert client.delete("/jobs", params={**everything, "owner": "bob"}, headers=alice).status_code == 403
        erased = client.delete("/jobs", params=everything, headers=alice)
        assert (erased.status_code, erased.json()) == (200, {"jobs": 3, "batches": 1})
        assert kept("alice") == []
        assert redis.keys("*alice*") == []
        assert redis.keys(f"*{unreadable}*") == []
        assert sorted(kept("bob")) == sorted(bobs)
        erased = client.delete("/jobs", params={**everything, "owner": "bob"}, headers=root)
        assert erased.json() == {"jobs": 3, "batches": 1}
        assert redis.keys("*bob*") == []
        deadline = monotonic() + 10
        while (entry := redis.xrevrange("faceline:audit", count=1)[0][1])[b"action"] != b"erase-all":
            assert monotonic() < deadline
            sleep(0.05)
        assert (entry[b"owner"], entry[b"subject"]) == (b"root", b"bob")


def test_an_owner_erases_a_record_that_cannot_be_read_and_others_do_not_see_it(
    server_url: str, key: Callable[..., Any], redis: Any
) -> None:
    alice, bob = key("alice"), key("bob")
    with running_api(server_url) as client:
        job = client.post("/jobs", json=ASKED, headers=alice).json()["id"]
        batch = client.post("/batches", content=lines(1), headers={**alice, **LINES}).json()["id"]
        redis.hset(f"faceline:job:{job}", "status", "unknown")
        redis.hset(f"faceline:batch:{batch}", "spec", "{")
        for path in (f"/jobs/{job}", f"/batches/{batch}"):
            assert client.get(path, headers=alice).status_code == 409
            assert client.get(path, headers=bob).status_code == 404
            assert client.delete(path, headers=bob).status_code == 404
            assert client.delete(path, headers=alice).status_code == 204
            assert client.get(path, headers=alice).status_code == 404
    assert redis.keys(f"*{job}*") == []
