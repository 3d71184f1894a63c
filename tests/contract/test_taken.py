"""Messages that workers have taken, on a real broker."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery
from kombu import Connection, Consumer, Queue

from broker.app import create_app
from broker.chain import send_job
from broker.queues import FamilyQueues
from broker.taken import TakenMessages
from broker.transport import celery_url, taken_keys
from jobs.job import NewJob
from tests.fakes.jobs import new_job

QUEUE = "face-detection"
SEPARATE = FamilyQueues(co_locate=False)


@pytest.fixture
def app(redis: Any, server_url: str) -> Iterator[Celery]:
    app = create_app(server_url)
    yield app
    app.close()


def send(app: Celery, count: int) -> list[NewJob]:
    jobs = [new_job() for _ in range(count)]
    for job in jobs:
        send_job(app, job.spec, SEPARATE)
    return jobs


def take_and_die(server_url: str, worker: str, count: int) -> None:
    """A worker takes messages and ends like one that is killed: it neither acknowledges them nor puts them back."""
    connection = Connection(celery_url(server_url), transport_options=taken_keys(worker))
    channel: Any = connection.channel()
    channel.do_restore = False
    channel.basic_qos(0, count, False)
    with Consumer(channel, queues=[Queue(QUEUE, no_declare=True)], callbacks=[lambda *_: None], accept=["json"]):
        for _ in range(count):
            connection.drain_events(timeout=5)
    connection.collect()


def waiting(redis: Any) -> list[str]:
    """The jobs whose messages wait, the next first."""
    return [json.loads(text)["headers"]["argsrepr"].strip("()").split(",")[0] for text in redis.lrange(QUEUE, 0, -1)][
        ::-1
    ]


def test_the_messages_of_a_dead_worker_come_first_and_in_their_order(app: Celery, redis: Any, server_url: str) -> None:
    jobs = [job.spec.id for job in send(app, 5)]
    take_and_die(server_url, "dead", 3)
    assert waiting(redis) == jobs[3:]
    taken = TakenMessages(app)
    assert taken.put_back("other") == 0
    assert taken.put_back("dead") == 3
    assert waiting(redis) == jobs
    assert taken.put_back("dead") == 0
    assert redis.keys("faceline:taken:*") == []


def test_a_message_is_the_same_after_it_was_put_back(app: Celery, redis: Any, server_url: str) -> None:
    send(app, 1)
    (before,) = redis.lrange(QUEUE, 0, -1)
    take_and_die(server_url, "dead", 1)
    TakenMessages(app).put_back("dead")
    (after,) = redis.lrange(QUEUE, 0, -1)
    sent, back = json.loads(before), json.loads(after)
    assert back["body"] == sent["body"]
    assert back["headers"] == {**sent["headers"], "redelivered": True}


@pytest.mark.parametrize("requeue", [False, True])
def test_a_message_is_done_or_put_back_though_its_channel_was_closed_meanwhile(
    app: Celery, redis: Any, server_url: str, requeue: bool
) -> None:
    (job,) = send(app, 1)
    messages: list[Any] = []
    options = {**app.conf.broker_transport_options, **taken_keys("worker")}
    with app.connection_for_read(transport_options=options) as connection:
        channel: Any = connection.channel()
        channel.do_restore = False  # as for a task that runs
        queue = Queue(QUEUE, no_declare=True)
        with Consumer(
            channel, queues=[queue], callbacks=[lambda _, message: messages.append(message)], accept=["json"]
        ):
            connection.drain_events(timeout=5)
        channel.close()
    assert redis.keys("faceline:taken:*") != []
    messages[0].reject(requeue=True) if requeue else messages[0].ack()
    assert redis.keys("faceline:taken:*") == []
    assert waiting(redis) == ([job.spec.id] if requeue else [])


def test_a_job_is_lost_if_no_queue_and_no_worker_has_a_message_of_it(app: Celery, redis: Any, server_url: str) -> None:
    jobs = [job.spec.id for job in send(app, 1200)]
    take_and_die(server_url, "worker", 2)
    lost = [redis.rpop(QUEUE), redis.lindex(QUEUE, 600)]
    redis.lrem(QUEUE, 1, lost[1])
    taken = TakenMessages(app)
    missing = [job for job in jobs if any(job.encode() in message for message in lost)]
    assert len(missing) == 2
    assert sorted(taken.jobs_without_message([QUEUE], jobs, ["worker", "other"])) == sorted(missing)
    assert taken.jobs_without_message([QUEUE], jobs[:1], []) == jobs[:1], "of a worker that does not live"
    assert taken.jobs_without_message(["another-queue", QUEUE], ["unknown", jobs[3]], ["worker"]) == ["unknown"]
