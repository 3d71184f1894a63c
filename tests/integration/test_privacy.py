"""That nothing of a caller's outlives its deletion or its TTL, and that nothing of it is logged."""

import json
from base64 import b64encode
from collections.abc import Iterator
from time import sleep
from typing import Any

import pytest

from config.settings import JobSettings
from jobs.job import Ending, JobStatus
from jobs.redis.jobs import RedisJobStore
from pipelines.chunk import Failure
from tests.integration.api_process import administration
from tests.integration.conftest import FOUR, Deploy, Deployment, base64_photo, photo, v2_sample
from tests.integration.disturbed import damaged_png, frozen_workers
from tests.waiting import until

pytestmark = pytest.mark.stack

REMARK = "a very private remark"


@pytest.fixture(scope="module")
def deployment(deploy: Deploy) -> Iterator[Deployment]:
    """A deployment of this module's own, which holds no other jobs."""
    with deploy() as running:
        yield running


def everything(redis: Any) -> bytes:
    """All that the server holds, whatever its type."""
    dumped = []
    for key in redis.scan_iter(count=1000):
        dumped.append(key)
        match redis.type(key):
            case b"string":
                dumped.append(redis.get(key) or b"")
            case b"hash":
                dumped += [part for pair in redis.hgetall(key).items() for part in pair]
            case b"list":
                dumped += redis.lrange(key, 0, -1)
            case b"set":
                dumped += redis.smembers(key)
            case b"zset":
                dumped += redis.zrange(key, 0, -1)
            case b"stream":
                dumped.append(str(redis.xrange(key)).encode())
    return b"\n".join(dumped)


def assert_nothing_is_left(deployment: Deployment, job_id: str, bbox: list[float]) -> None:
    held = everything(deployment.redis)
    for private in (photo()[1000:1100], base64_photo()[1000:1100].encode(), REMARK.encode()):
        assert private not in held
    assert str(bbox[0]).encode() not in held
    keys = [key.decode() for key in deployment.redis.keys(f"*{job_id}*")]
    assert keys in ([], [f"faceline:job:{job_id}"])


def submit(deployment: Deployment, **options: object) -> tuple[str, list[float]]:
    sample = {**v2_sample(), "note": REMARK}
    job = deployment.wait(deployment.submit(FOUR, sample, include_image=True, metadata={"note": REMARK}, **options))
    assert REMARK.encode() in everything(deployment.redis)
    bbox: list[float] = job["result"]["objects"][0]["bbox"]
    return job["id"], bbox


def test_an_erased_job_leaves_nothing_on_the_server(deployment: Deployment) -> None:
    job_id, bbox = submit(deployment)
    assert deployment.client.delete(f"/jobs/{job_id}").status_code == 204
    assert_nothing_is_left(deployment, job_id, bbox)
    for path in ("", "/result"):
        assert deployment.client.get(f"/jobs/{job_id}{path}").status_code == 410
    assert deployment.client.delete(f"/jobs/{job_id}").status_code == 410


def test_a_job_that_was_erased_before_it_ran_leaves_nothing(deploy: Deploy) -> None:
    with deploy(workers=[]) as idle:
        job = idle.submit(FOUR, {**v2_sample(), "note": REMARK}, metadata={"note": REMARK})
        idle.client.delete(f"/jobs/{job['id']}")
        assert_nothing_is_left(idle, job["id"], [0.123456])


def test_an_expired_job_leaves_nothing_on_the_server(deployment: Deployment) -> None:
    job_id, bbox = submit(deployment, ttl_s=1)
    sleep(1.2)
    assert_nothing_is_left(deployment, job_id, bbox)


def test_a_synchronous_route_leaves_nothing_at_all(deployment: Deployment) -> None:
    before = {key.decode() for key in deployment.redis.keys("faceline:*")}
    # Written while workers report and take messages, with the ids of workers and jobs.
    of_workers = ("faceline:finished", "faceline:workers", "faceline:taken:")
    sample = {**v2_sample(), "note": REMARK}
    response = deployment.client.post("/face-detector-face-fitter/v2/process/sample", json=sample)
    assert response.json()["note"] == REMARK
    added = {key.decode() for key in deployment.redis.keys("faceline:*")} - before
    assert {key for key in added if not key.startswith(of_workers)} == set()
    assert REMARK.encode() not in everything(deployment.redis)


def test_nothing_of_a_job_is_logged_but_its_id_and_times(deploy: Deploy) -> None:
    with deploy(FACELINE_LOG_LEVEL="DEBUG") as talkative:
        sample = {**v2_sample(), "note": REMARK}
        job = talkative.wait(talkative.submit(FOUR, sample, metadata={"note": REMARK}))
        (face,) = job["result"]["objects"]
        broken = {**sample, "objects": [{"bbox": [0.7654321, 0, 0.1, 1]}]}
        assert talkative.client.post("/age-estimator/v2/process/sample", json=broken).status_code == 422
        log = talkative.log.read_text()
    assert job["id"] in log
    for private in (base64_photo()[1000:1050], REMARK, "0.7654321", *map(str, face["bbox"]), "female", "emotions"):
        assert private not in log


def test_logs_may_be_json(deploy: Deploy) -> None:
    with deploy(FACELINE_LOG_FORMAT="json") as machine:
        job = machine.wait(machine.submit(FOUR[:1], v2_sample()))
    entries = [json.loads(line) for line in machine.log.read_text().splitlines()]
    over = [entry for entry in entries if entry["message"] == "job over"]
    assert [entry["job"] for entry in over] == [job["id"]]


def jobs_in_every_state(
    running: Deployment, alice: dict[str, str], idempotency_key: str = REMARK, **all_options: object
) -> dict[str, str]:
    """A job of a key in each state, by the state; each came with a photo, a remark and an idempotency key."""
    jobs: dict[str, str] = {}

    def submit(state: str, **options: object) -> None:
        body = {"services": FOUR, "sample": {**v2_sample(), "note": REMARK}, "metadata": {"note": REMARK}}
        headers = {**alice, "Idempotency-Key": f"{idempotency_key} {state}"}
        asked = {"include_image": True, **body, **all_options, **options}
        response = running.client.post("/jobs", json=asked, headers=headers)
        jobs[state] = response.raise_for_status().json()["id"]

    def ended(state: str) -> str:
        shown = running.client.get(f"/jobs/{jobs[state]}", params={"wait": 30}, headers=alice)
        return str(shown.raise_for_status().json()["status"])

    submit("succeeded")
    assert ended("succeeded") in ("succeeded", "expired")
    submit("expired", ttl_s=1)
    ended("expired")
    broken = b64encode(damaged_png()).decode()
    submit("failed", sample={"_image": {"blob": broken, "format": "IMAGE"}, "note": REMARK})
    assert ended("failed") in ("failed", "expired")
    with frozen_workers(running):
        for state in ("canceled", "dead-lettered", "running"):
            submit(state)
        running.client.post(f"/jobs/{jobs['canceled']}/cancel", headers=alice).raise_for_status()
        # As a worker ends a job that killed it again and again.
        store = RedisJobStore(running.redis, JobSettings())
        found = store.find(jobs["dead-lettered"])
        assert found is not None
        store.dead_letter(found.spec, 0, [0], store.now())
        poisoned = Failure(service=FOUR[0], type="poisoned", message="the stage began too often")
        assert store.finish(found.spec, Ending(JobStatus.FAILED, failure=poisoned), {}, store.now())
    sleep(1.2)
    assert ended("expired") == "expired"
    return jobs


def written_files(running: Deployment) -> dict[str, bytes]:
    """The files of the server by their names, once it has rewritten its append-only file and written a dump."""
    running.redis.bgrewriteaof()

    def rewritten() -> bool:
        state = running.redis.info("persistence")
        return not (state["aof_rewrite_in_progress"] or state["aof_rewrite_scheduled"])

    until(rewritten)
    running.redis.save()
    files = {file.name: file.read_bytes() for file in (running.log.parent / "data").rglob("*") if file.is_file()}
    assert any(name.endswith(".rdb") for name in files)
    assert any(".aof" in name for name in files)
    return files


@pytest.mark.parametrize("way", ["deleted", "expired"])
def test_however_a_job_ended_nothing_of_it_outlives_its_deletion_or_its_ttl(deployment: Deployment, way: str) -> None:
    jobs = jobs_in_every_state(deployment, {}, way, **({"ttl_s": 1} if way == "expired" else {}))
    private = (photo()[1000:1100], base64_photo()[1000:1100].encode(), REMARK.encode())
    if way == "deleted":
        assert all(one in everything(deployment.redis) for one in (private[0], private[2]))
        for state, job_id in jobs.items():
            assert deployment.client.delete(f"/jobs/{job_id}").status_code == 204, state

    def nothing_private() -> bool:
        held = everything(deployment.redis)
        return not any(one in held for one in private)

    assert until(nothing_private) if way == "expired" else nothing_private()
    files, log = written_files(deployment), deployment.log.read_bytes()
    for one in private:
        assert [name for name, content in files.items() if one in content] == []
        assert one not in log
    for state, job_id in jobs.items():
        for path in ("result", "picture"):
            answer = deployment.client.get(f"/jobs/{job_id}/{path}")
            # The error of a job that failed or was canceled is shown until its tombstone is gone.
            assert answer.status_code == 410 or (way == "expired" and answer.is_error), state
            assert REMARK not in answer.text
        assert {name.decode() for name in deployment.redis.keys(f"*{job_id}*")} <= {f"faceline:job:{job_id}"}, state


def test_what_a_key_erases_leaves_the_server_its_files_and_the_log_however_its_jobs_ended(deploy: Deploy) -> None:
    with deploy(FACELINE_LOG_LEVEL="DEBUG") as running:
        key = administration(running.stack.redis_url).create("alice").reveal()
        alice = {"Authorization": f"Bearer {key}"}
        jobs = jobs_in_every_state(running, alice)
        line = {"custom_id": REMARK, "services": FOUR, "sample": {**v2_sample(), "note": REMARK}}
        lines = b"".join(json.dumps(content).encode() + b"\n" for content in (line, {"custom_id": f"{REMARK} 2"}))
        headers = {**alice, "Content-Type": "application/x-ndjson", "Idempotency-Key": REMARK}
        batch = running.client.post("/batches", content=lines, headers=headers).raise_for_status().json()["id"]
        private = (photo()[1000:1100], base64_photo()[1000:1100].encode(), REMARK.encode())
        before = everything(running.redis)
        assert private[0] in before
        assert REMARK.encode() in before
        erased = running.client.delete("/jobs", params={"everything": "true"}, headers=alice)
        # The one that has expired is in the list, too, for as long as its tombstone.
        assert erased.json() == {"jobs": len(jobs), "batches": 1}
        held = everything(running.redis)
        files, log = written_files(running), running.log.read_bytes()
        names = [name.decode() for name in running.redis.keys("*")]
    for one in private:
        assert one not in held
        assert one not in log
        assert not [name for name, content in files.items() if one in content]
    for own_id in (*jobs.values(), batch):
        assert not [name for name in names if own_id in name]
    assert key.encode() not in log + held


def test_with_encryption_neither_the_server_nor_its_file_has_what_a_caller_sent_or_got(deploy: Deploy) -> None:
    sample = {**v2_sample(), "note": REMARK}
    line = {"custom_id": REMARK, "services": FOUR, "sample": sample, "include_image": True}
    lines = b"".join(json.dumps(content).encode() + b"\n" for content in (line, {"custom_id": f"{REMARK} 2"}))
    with deploy(FACELINE_SECRETS__ENCRYPTION_KEYS=f"2026:{b64encode(bytes(32)).decode()}") as running:
        job = running.wait(running.submit(FOUR, sample, include_image=True, metadata={"note": REMARK}))
        assert job["result"]["note"] == REMARK
        assert job["result"]["_image"]["blob"] == base64_photo()
        batch = running.client.post("/batches", content=lines, headers={"Content-Type": "application/x-ndjson"}).json()
        running.client.get(f"/batches/{batch['id']}?wait=30")
        rows = [running.client.get(f"/batches/{batch['id']}/{path}").json() for path in ("output", "errors")]
        assert [row["custom_id"] for row in rows] == [REMARK, f"{REMARK} 2"]
        held = everything(running.redis)
        running.redis.bgrewriteaof()
        files = b"".join(file.read_bytes() for file in (running.log.parent / "data").rglob("*") if file.is_file())
    assert job["id"].encode() in held
    assert job["id"].encode() in files
    bbox = job["result"]["objects"][0]["bbox"]
    for private in (photo()[1000:1100], base64_photo()[1000:1100].encode(), REMARK.encode(), str(bbox[0]).encode()):
        assert private not in held
        assert private not in files
