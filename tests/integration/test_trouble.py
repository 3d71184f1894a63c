"""Queues with the age of their oldest message, and dead letters, over HTTP."""

from time import sleep

import pytest

from config.settings import JobSettings
from jobs.redis.jobs import RedisJobStore
from tests.integration.conftest import FOUR, Deployment, v2_sample
from tests.integration.disturbed import frozen_workers

pytestmark = pytest.mark.stack


def test_the_age_of_the_oldest_message_of_a_queue_grows(deployment: Deployment) -> None:
    def waiting() -> tuple[int, float | None]:
        queues = {queue["name"]: queue for queue in deployment.client.get("/queues").json()["queues"]}
        assert list(queues) == ["faceline.high", "faceline", "faceline.bulk", "faceline.last"]
        return queues["faceline.bulk"]["messages"], queues["faceline.bulk"]["oldest_s"]

    with frozen_workers(deployment):
        # A worker that was stopped may have taken some messages before.
        jobs = [deployment.submit(FOUR, v2_sample(), priority="bulk") for _ in range(20)]
        sleep(0.2)
        messages, first_s = waiting()
        sleep(0.5)
        assert (waiting()[0], messages > 0) == (messages, True)
        second_s = waiting()[1]
    assert first_s is not None
    assert second_s is not None
    assert second_s > first_s >= 0.1
    for job in jobs:
        assert deployment.wait(job)["status"] == "succeeded"
    assert waiting() == (0, None)


def test_dead_letters_say_what_was_given_up_and_why(deployment: Deployment) -> None:
    job = deployment.wait(deployment.submit(FOUR, v2_sample()))
    store = RedisJobStore(deployment.redis, JobSettings(attempts=3))
    found = store.find(job["id"])
    assert found is not None
    # As workers write them; that a worker dies for a photo is in test_deaths.py.
    store.dead_letter(found.spec, 0, [0], store.now())
    store.dead_letter(found.spec, 0, [], store.now())
    latest, before = deployment.client.get("/dead-letters", params={"limit": 2}).json()["dead_letters"]
    for letter, items in ((latest, []), (before, [0])):
        assert (letter["job"], letter["services"], letter["items"]) == (job["id"], FOUR, items)
        assert letter["attempts"] >= 1
        assert f"{letter['attempts']} times" in letter["reason"]
        assert letter["created_at"] >= job["finished_at"]
    assert "began" in latest["reason"]
    assert "alone" in before["reason"]
