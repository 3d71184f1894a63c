"""Messages through RabbitMQ instead of the store: set `AMQP_TEST_URL` to run these tests."""

import os
import signal
from collections.abc import Iterator

import pytest
from kombu import Connection

from broker.queues import CO_LOCATED, all_queues
from models.family import ModelFamily
from tests.integration.conftest import FOUR, Deploy, Deployment, v2_sample

URL = os.environ.get("AMQP_TEST_URL", "")
pytestmark = [pytest.mark.stack, pytest.mark.skipif(not URL, reason="AMQP_TEST_URL names no RabbitMQ")]


@pytest.fixture
def on_rabbitmq(deploy: Deploy) -> Iterator[Deployment]:
    with Connection(URL) as connection:
        for queue in all_queues([*ModelFamily, CO_LOCATED]):
            connection.default_channel.queue_delete(queue)
    with deploy(FACELINE_BROKER_URL=URL) as running:
        yield running


def test_a_job_runs_and_its_messages_bypass_the_store(on_rabbitmq: Deployment) -> None:
    job = on_rabbitmq.wait(on_rabbitmq.submit(FOUR, v2_sample()))
    assert job["status"] == "succeeded"
    assert [stage["queue"] for stage in job["stages"]] == [CO_LOCATED] * 4
    assert on_rabbitmq.redis.keys("_kombu*") == []


def test_every_job_ends_well_though_its_worker_is_killed(on_rabbitmq: Deployment) -> None:
    jobs = [on_rabbitmq.submit(FOUR, v2_sample()) for _ in range(30)]
    on_rabbitmq.wait(jobs[3])
    (worker,) = on_rabbitmq.stack.supervisor.pids("worker")
    os.kill(worker, signal.SIGKILL)
    os.waitpid(worker, 0)
    on_rabbitmq.stack.supervisor.restart_dead()
    assert {on_rabbitmq.wait(job, seconds=60)["status"] for job in jobs} == {"succeeded"}
