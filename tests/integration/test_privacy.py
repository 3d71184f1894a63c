"""That nothing of a caller's outlives its deletion or its TTL, and that nothing of it is logged."""

import json
from collections.abc import Iterator
from time import sleep
from typing import Any

import pytest

from tests.integration.conftest import FOUR, Deploy, Deployment, base64_photo, photo, v2_sample

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
    before = set(deployment.redis.keys("faceline:*"))
    sample = {**v2_sample(), "note": REMARK}
    response = deployment.client.post("/face-detector-face-fitter/v2/process/sample", json=sample)
    assert response.json()["note"] == REMARK
    assert set(deployment.redis.keys("faceline:*")) <= before | {b"faceline:finished", b"faceline:workers"}
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
    lines = machine.log.read_text().splitlines()
    entries = [json.loads(line.partition("| ")[2]) for line in lines if "| {" in line]
    over = [entry for entry in entries if entry["message"] == "job over"]
    assert [entry["job"] for entry in over] == [job["id"]]
