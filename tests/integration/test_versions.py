"""Records and messages of an earlier and of a later version, in a deployment of this one; see docs/upgrade.md."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from broker.app import create_app
from broker.chain import SENT_AT, STAGE_TASK
from broker.queues import CO_LOCATED
from config.settings import JobSettings
from jobs.job import JobSpec
from jobs.redis import keys
from jobs.redis.jobs import RedisJobStore
from tests.fakes.jobs import new_job
from tests.integration.conftest import FOUR, Deployment, Json, photo

ELSEWHERE = "a-queue-that-no-worker-takes"
NEW = {"of_a_later_version": {"deep": [1]}}

pytestmark = pytest.mark.stack


def later_spec(spec: Json) -> Json:
    step, *steps = spec["plan"]["steps"]
    stage, *stages = spec["stages"]
    return {**spec, **NEW, "plan": {"steps": [{**step, **NEW}, *steps], **NEW}, "stages": [{**stage, **NEW}, *stages]}


def earlier_spec(spec: Json) -> Json:
    return {name: spec[name] for name, field in JobSpec.model_fields.items() if field.is_required() or name == "images"}


def later_message(message: Json) -> Json:
    return {**message, **NEW, "headers": {**message["headers"], **NEW}}


def earlier_message(message: Json) -> Json:
    return {**message, "headers": {name: value for name, value in message["headers"].items() if name != SENT_AT}}


def add_fields(redis: Any, job_id: str) -> None:
    redis.hset(keys.record(job_id), mapping={"of_a_later_version": 1})
    chunk = json.loads(redis.get(keys.chunk(job_id)))
    items = [{**item, **NEW, "sample": {**item["sample"], **NEW}} for item in chunk["items"]]
    redis.set(keys.chunk(job_id), json.dumps({**chunk, **NEW, "items": items}), keepttl=True)


@pytest.mark.parametrize(
    ("of_spec", "of_message", "more"),
    [(later_spec, later_message, add_fields), (earlier_spec, earlier_message, lambda *_: None)],
    ids=["later", "earlier"],
)
def test_a_job_of_another_version_is_listed_worked_on_read_and_erased(
    deployment: Deployment,
    of_spec: Callable[[Json], Json],
    of_message: Callable[[Json], Json],
    more: Callable[[Any, str], None],
) -> None:
    job = new_job(FOUR, images=[photo()], ttl_s=600, deadline_s=600, place=lambda _: CO_LOCATED)
    job_id, redis = job.spec.id, deployment.redis
    store = RedisJobStore(redis, JobSettings())
    store.create(job)
    store.confirm_sent(job_id)
    written = json.loads(redis.hget(keys.record(job_id), "spec"))
    redis.hset(keys.record(job_id), "spec", json.dumps(of_spec(written)))
    more(redis, job_id)
    assert job_id in {listed["id"] for listed in deployment.client.get("/jobs").json()["jobs"]}
    redis.lpush(CO_LOCATED, json.dumps(of_message(_message(deployment, job_id))))
    ended = deployment.wait({"id": job_id})
    assert (ended["status"], ended["metadata"]) == ("succeeded", {"mine": 1})
    (face,) = deployment.client.get(f"/jobs/{job_id}/result").json()["objects"]
    assert face["age"] > 0
    assert deployment.client.delete(f"/jobs/{job_id}").status_code == 204
    assert deployment.client.get(f"/jobs/{job_id}").status_code == 410
    # What is left says only what was asked, and that it was erased.
    assert [key.decode() for key in redis.keys("*") if job_id in key.decode()] == [keys.record(job_id)]
    assert set(redis.hgetall(keys.record(job_id))) == {b"status", b"spec", b"done"}


def _message(deployment: Deployment, job_id: str) -> Json:
    """The message of the only stage of a job, as this version sends it."""
    with create_app(deployment.stack.redis_url) as app:
        app.send_task(STAGE_TASK, args=(job_id, 0), queue=ELSEWHERE)
    message: Json = json.loads(deployment.redis.rpop(ELSEWHERE))
    message["properties"]["delivery_info"]["routing_key"] = CO_LOCATED
    return message
