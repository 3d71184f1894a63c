"""The webhooks that are due, on a real server."""

from time import sleep
from typing import Any

import pytest

from config.settings import JobSettings
from jobs.batches.batch import BatchSpec
from jobs.job import Ending, JobStatus, NewJob
from jobs.redis.batches import RedisBatchStore
from jobs.redis.encryption import Encryption
from jobs.redis.jobs import RedisJobStore
from jobs.redis.webhooks import DueWebhooks, Subject
from jobs.webhooks.webhook import Delivery, DeliveryStatus, Webhook
from tests.fakes.jobs import new_job

WEBHOOK = Webhook(url="https://receiver.example/?token=hush", events=("job.succeeded",), include_result=True)
ENCRYPTION = Encryption({"a": bytes(32)})
SETTINGS = JobSettings()


@pytest.fixture
def jobs(redis: Any) -> RedisJobStore:
    return RedisJobStore(redis, SETTINGS, ENCRYPTION)


@pytest.fixture
def due(redis: Any) -> DueWebhooks:
    return DueWebhooks(redis, ENCRYPTION)


def ended(jobs: RedisJobStore, ttl_s: int = 60) -> tuple[NewJob, Subject]:
    job = new_job(webhook=WEBHOOK, ttl_s=ttl_s)
    jobs.create(job)
    assert jobs.finish(job.spec, Ending(JobStatus.CANCELED), {}, jobs.now())
    return job, Subject("job", job.spec.id)


def delivery(jobs: RedisJobStore, job: NewJob) -> Delivery | None:
    found = jobs.find(job.spec.id)
    assert found is not None
    return found.delivery


def test_the_wait_of_the_oldest_due_webhook_is_measured(redis: Any, jobs: RedisJobStore, due: DueWebhooks) -> None:
    assert (due.waiting(), due.late_s()) == (0, 0)
    _, first = ended(jobs)
    ended(jobs)
    redis.zadd("faceline:webhooks:due", {str(first): due.now() - 60})
    assert due.waiting() == 2
    assert 60 <= due.late_s() < 120
    due.claim(10, lease_s=60)
    assert (due.waiting(), due.late_s()) == (2, 0)


def test_a_job_that_is_not_over_is_not_due(jobs: RedisJobStore, due: DueWebhooks) -> None:
    jobs.create(new_job(webhook=WEBHOOK))
    assert due.claim(10, lease_s=60) == []


def test_what_is_claimed_comes_again_only_after_the_lease(jobs: RedisJobStore, due: DueWebhooks) -> None:
    _, subject = ended(jobs)
    assert due.claim(10, lease_s=0.3) == [subject]
    assert due.claim(10, lease_s=60) == []
    sleep(0.4)
    assert due.claim(10, lease_s=60) == [subject]


def test_not_more_than_asked_for_is_claimed(jobs: RedisJobStore, due: DueWebhooks) -> None:
    subjects = {ended(jobs)[1] for _ in range(3)}
    first, second = due.claim(2, lease_s=60), due.claim(2, lease_s=60)
    assert (len(first), len(second), {*first, *second}) == (2, 1, subjects)


def test_the_webhook_is_encrypted_and_deleted_once_it_is_delivered(
    redis: Any, jobs: RedisJobStore, due: DueWebhooks
) -> None:
    job, subject = ended(jobs)
    assert due.webhook(subject) == WEBHOOK
    assert b"hush" not in redis.get(f"faceline:webhook:{subject.id}")
    due.record(subject, DeliveryStatus.DELIVERED)
    assert due.webhook(subject) is None
    assert delivery(jobs, job) == Delivery(DeliveryStatus.DELIVERED, attempts=1)
    assert redis.zrange("faceline:webhooks:due", 0, -1) == []


def test_a_failed_attempt_is_recorded_and_repeated_later(jobs: RedisJobStore, due: DueWebhooks) -> None:
    job, subject = ended(jobs)
    due.claim(1, lease_s=60)
    due.record(subject, DeliveryStatus.PENDING, error="the answer was 500", again_in_s=0.3)
    found = delivery(jobs, job)
    assert found is not None
    assert found[:3] == (DeliveryStatus.PENDING, 1, "the answer was 500")
    assert found.next_at == pytest.approx(due.now() + 0.3, abs=5)
    assert due.claim(1, lease_s=60) == []
    sleep(0.4)
    assert due.claim(1, lease_s=60) == [subject]


@pytest.mark.parametrize("tombstone", [True, False])
def test_nothing_is_left_of_an_erased_job_also_by_an_attempt_in_progress(
    redis: Any, jobs: RedisJobStore, due: DueWebhooks, tombstone: bool
) -> None:
    job, subject = ended(jobs)
    due.claim(1, lease_s=60)
    jobs.erase(job.spec, tombstone=tombstone)
    before = redis.hgetall(f"faceline:job:{subject.id}")
    due.record(subject, DeliveryStatus.PENDING, error="x", again_in_s=0)
    assert due.webhook(subject) is None
    assert due.claim(1, lease_s=60) == []
    assert redis.hgetall(f"faceline:job:{subject.id}") == before


def test_the_url_is_deleted_with_the_result(jobs: RedisJobStore, due: DueWebhooks) -> None:
    job, subject = ended(jobs, ttl_s=1)
    sleep(1.2)
    assert due.webhook(subject) is None
    due.record(subject, DeliveryStatus.PENDING, error="x", again_in_s=0)
    assert delivery(jobs, job) == Delivery(DeliveryStatus.EXPIRED)
    assert due.claim(1, lease_s=60) == []


def test_a_batch_is_looked_at_from_its_beginning_until_it_is_erased(redis: Any, due: DueWebhooks) -> None:
    store = RedisBatchStore(redis, SETTINGS, ENCRYPTION)
    spec = BatchSpec(id="b", created_at=due.now(), ttl_s=60, silence_s=60, deadline_s=60, webhook=True)
    store.create(spec, WEBHOOK)
    (subject,) = due.claim(10, lease_s=60)
    assert subject == Subject("batch", "b")
    assert due.webhook(subject) == WEBHOOK
    due.postpone(subject, -1)
    assert due.claim(10, lease_s=60) == [subject]
    store.erase(spec, tombstone=True)
    assert due.webhook(subject) is None
    due.record(subject, DeliveryStatus.EXPIRED, attempted=False)
    due.postpone(subject, -1)
    assert due.claim(10, lease_s=60) == []
