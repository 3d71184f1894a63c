"""What idempotency keys do: those on Redis, on a real server, and those in memory."""

from collections.abc import Iterator
from time import sleep

import pytest

from jobs.batches.batch import BatchSpec
from jobs.errors import IdempotencyConflict
from jobs.idempotency import IdempotencyKeys, bind
from jobs.redis.connection import connect
from jobs.redis.idempotency import RedisIdempotencyKeys
from tests.fakes.idempotency import MemoryClaims


@pytest.fixture(params=["memory", "redis"])
def claims(request: pytest.FixtureRequest) -> Iterator[IdempotencyKeys]:
    if request.param == "memory":
        yield MemoryClaims()
        return
    client = connect(request.getfixturevalue("server_url"), patience_s=1)
    client.flushdb()
    yield RedisIdempotencyKeys(client, "job")
    client.close()


def test_a_key_stands_for_the_first_that_claims_it(claims: IdempotencyKeys) -> None:
    assert claims.claim("key", "print-1", "job-1", 60) == ("job-1", "print-1")
    assert claims.claim("key", "print-2", "job-2", 60) == ("job-1", "print-1")
    claims.release("key", "job-1")
    assert claims.claim("key", "print-2", "job-2", 60) == ("job-2", "print-2")


def test_only_what_a_key_is_bound_to_releases_it(claims: IdempotencyKeys) -> None:
    claims.claim("key", "print", "job-12", 60)
    claims.release("key", "job-1")
    claims.release("other", "job-12")
    assert claims.claim("key", "print", "job-3", 60) == ("job-12", "print")


def test_keys_of_two_kinds_are_not_the_same(server_url: str) -> None:
    client = connect(server_url, patience_s=1)
    client.flushdb()
    assert RedisIdempotencyKeys(client, "job").claim("key", "print", "job-1", 60) == ("job-1", "print")
    assert RedisIdempotencyKeys(client, "batch").claim("key", "print", "batch-1", 60) == ("batch-1", "print")
    client.close()


def test_a_key_is_free_again_after_its_time(server_url: str) -> None:
    client = connect(server_url, patience_s=1)
    client.flushdb()
    claims = RedisIdempotencyKeys(client, "job")
    claims.claim("key", "print", "job-1", 1)
    sleep(1.1)
    assert claims.claim("key", "print", "job-2", 1) == ("job-2", "print")
    client.close()


def test_a_repeated_request_gets_what_stands_for_it_as_long_as_that_stands(claims: IdempotencyKeys) -> None:
    gone: set[str] = set()

    def bound(own_id: str, fingerprint: str = "print") -> str:
        spec = BatchSpec(id=own_id, created_at=0, ttl_s=30, silence_s=9, deadline_s=30, claim="key")
        return bind(claims, spec, fingerprint, lambda earlier: earlier not in gone)

    assert bound("job-1") == "job-1"
    assert bound("job-2") == "job-1"
    with pytest.raises(IdempotencyConflict):
        bound("job-3", "other print")
    gone.add("job-1")
    assert bound("job-4", "other print") == "job-4"
    assert bound("job-5", "other print") == "job-4"
