"""What idempotency keys do: on Redis, with a real server, and in memory."""

from collections.abc import Iterator
from time import sleep

import pytest

from jobs.batches.batch import BatchSpec
from jobs.errors import IdempotencyConflict
from jobs.idempotency import Binding, IdempotencyKeys, bind_key
from jobs.redis.connection import connect
from jobs.redis.idempotency import RedisIdempotencyKeys
from tests.fakes.idempotency import MemoryIdempotencyKeys


@pytest.fixture(params=["memory", "redis"])
def keys(request: pytest.FixtureRequest) -> Iterator[IdempotencyKeys]:
    if request.param == "memory":
        yield MemoryIdempotencyKeys()
        return
    client = connect(request.getfixturevalue("server_url"), patience_s=1)
    client.flushdb()
    yield RedisIdempotencyKeys(client, "job")
    client.close()


def test_a_key_is_bound_to_the_first_id_that_it_comes_with(keys: IdempotencyKeys) -> None:
    assert keys.bind("key", "print-1", "job-1", 60) == Binding("job-1", "print-1")
    assert keys.bind("key", "print-2", "job-2", 60) == Binding("job-1", "print-1")
    keys.expire("key", "job-1", 0)
    assert keys.bind("key", "print-2", "job-2", 60) == Binding("job-2", "print-2")


def test_only_the_id_that_a_key_is_bound_to_unbinds_it(keys: IdempotencyKeys) -> None:
    keys.bind("key", "print", "job-12", 60)
    keys.expire("key", "job-1", 0)
    keys.expire("other", "job-12", 0)
    assert keys.bind("key", "print", "job-3", 60) == Binding("job-12", "print")


def test_an_owner_is_a_name_and_no_pattern(keys: IdempotencyKeys) -> None:
    owners = ["alice", "alicia", "*", "a[l]*", "\\*"]
    for owner in owners:
        keys.bind(f"{owner} key", "print", f"job-of-{owner}", 60)
    for erased in owners[2:]:
        keys.erase_of(erased)
        assert keys.bind(f"{erased} key", "print", "another", 60) == Binding("another", "print")
    for kept in owners[:2]:
        assert keys.bind(f"{kept} key", "print", "another", 60) == Binding(f"job-of-{kept}", "print")


def test_each_kind_has_keys_of_its_own(server_url: str) -> None:
    client = connect(server_url, patience_s=1)
    client.flushdb()
    assert RedisIdempotencyKeys(client, "job").bind("key", "print", "job-1", 60) == Binding("job-1", "print")
    assert RedisIdempotencyKeys(client, "batch").bind("key", "print", "batch-1", 60) == Binding("batch-1", "print")
    client.close()


def test_a_key_is_free_again_after_its_time(server_url: str) -> None:
    client = connect(server_url, patience_s=1)
    client.flushdb()
    keys = RedisIdempotencyKeys(client, "job")
    keys.bind("key", "print", "job-1", 1)
    sleep(1.1)
    assert keys.bind("key", "print", "job-2", 1) == Binding("job-2", "print")
    client.close()


def test_a_repeated_request_gets_what_the_first_got_as_long_as_that_exists(keys: IdempotencyKeys) -> None:
    gone: set[str] = set()

    def bound(own_id: str, fingerprint: str = "print") -> str:
        spec = BatchSpec(id=own_id, created_at=0, ttl_s=30, silence_s=9, deadline_s=30, idempotency_key="key")

        def exists(earlier: str) -> bool:
            return earlier not in gone

        return bind_key(keys, spec, fingerprint, exists, lambda: keys.bind("key", fingerprint, own_id, 60)).id

    assert bound("job-1") == "job-1"
    assert bound("job-2") == "job-1"
    with pytest.raises(IdempotencyConflict):
        bound("job-3", "other-print")
    gone.add("job-1")
    assert bound("job-4", "other-print") == "job-4"
    assert bound("job-5", "other-print") == "job-4"
