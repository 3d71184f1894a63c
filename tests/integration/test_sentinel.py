"""A deployment goes on when its store's machine dies and Sentinels make a replica the master."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from broker.app import create_app
from broker.queue_length import QueueLength
from broker.reachable import broker_problem
from jobs.errors import StorageError
from jobs.redis.connection import Patience, connect, server_state
from tests.integration.conftest import FOUR, Deploy, Deployment, Json, v2_sample
from tests.integration.receiver import Received, running_receiver
from tests.integration.sentinels import Watched, running_sentinels
from tests.integration.test_webhooks import LOCAL, SECRET
from tests.waiting import until

WAITS_S = 20


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    with running_sentinels(tmp_path) as running:
        yield running


def _of_the_store(url: str) -> Any:
    return connect(url, patience_s=WAITS_S, blocks_s=WAITS_S)


def _of_the_broker(url: str) -> Any:
    patience = Patience(WAITS_S)
    patience.try_s = WAITS_S
    return create_app(url, patience).connection().default_channel.client


@pytest.mark.stack
def test_work_goes_on_when_the_master_and_a_sentinel_die(watched: Watched, deploy: Deploy) -> None:
    environment = {**LOCAL, "FACELINE_REDIS_URL": watched.url, "FACELINE_STORE_PATIENCE_S": "1"}
    with running_receiver() as receiver, deploy(**environment) as running:
        before = _processes(running)
        webhook = {"url": receiver.url, "include": "result"}
        jobs = [running.submit(FOUR, v2_sample(), webhook=webhook) for _ in range(12)]
        running.wait(jobs[0])
        _wait_for_the_replica(watched)
        watched.kill(watched.sentinel_ports[0])
        watched.kill(watched.master_port)
        during = running.client.post("/jobs", json={"services": FOUR, "sample": v2_sample()})
        assert during.status_code == 202 or (during.status_code == 503 and "Retry-After" in during.headers)
        until(lambda: watched.known_master() == watched.replica_port)
        later = until(lambda: _accepted(running))
        assert {running.wait(job, 50)["status"] for job in [*jobs, later]} == {"succeeded"}
        # A message may come twice: the replica may not know yet that it was sent.
        told = until(lambda: _told(receiver.received, jobs))
        assert told == {job["id"] for job in jobs}
        running.stack.check()
        assert _processes(running) == before
        assert watched.password not in running.log.read_text()


@pytest.mark.parametrize("client_of", [_of_the_store, _of_the_broker])
def test_a_command_in_flight_goes_to_the_next_master(watched: Watched, client_of: Callable[[str], Any]) -> None:
    client = client_of(watched.url)
    with ThreadPoolExecutor(1) as waiting:
        popped = waiting.submit(client.blpop, "list", WAITS_S)
        with watched.client(watched.master_port) as master:
            until(lambda: master.info("clients")["blocked_clients"] == 1)
        watched.kill(watched.master_port)
        until(lambda: watched.known_master() == watched.replica_port)
        with watched.client(watched.replica_port) as replica:
            replica.rpush("list", "value")
        assert popped.result() == (b"list", b"value")


def test_store_and_broker_ask_the_sentinels_that_answer(watched: Watched) -> None:
    watched.kill(watched.sentinel_ports[0])
    client = connect(watched.url, patience_s=5)
    assert server_state(client, "replication")["role"] == "master"
    assert broker_problem(watched.url) is None
    assert QueueLength(create_app(watched.url, Patience(5)))("face-detection") == 0


def test_no_master_is_an_error_that_can_be_read(watched: Watched) -> None:
    wrong = watched.url.replace("/faceline/", "/another/")
    with pytest.raises(StorageError, match="another") as refused:
        server_state(connect(wrong, patience_s=0.5), "server")
    assert "another" in (broker_problem(wrong) or "")
    # And none that shows all options of the clients that asked.
    for port in watched.sentinel_ports:
        watched.kill(port)
    with pytest.raises(StorageError, match=f"127.0.0.1:{watched.sentinel_ports[0]}") as unanswered:
        server_state(connect(watched.url, patience_s=0.5), "server")
    for text in (str(refused.value), str(unanswered.value), broker_problem(watched.url) or ""):
        assert "retry=" not in text


def _processes(deployment: Deployment) -> list[int]:
    return [pid for name in ("worker", "webhooks", "api") for pid in deployment.stack.supervisor.pids(name)]


def _wait_for_the_replica(watched: Watched) -> None:
    """Waits until the replica has what the master has now."""
    with watched.client(watched.master_port) as master, watched.client(watched.replica_port) as replica:
        written = master.info("replication")["master_repl_offset"]
        until(lambda: replica.info("replication")["slave_repl_offset"] >= written)


def _accepted(deployment: Deployment) -> Json | None:
    response = deployment.client.post("/jobs", json={"services": FOUR, "sample": v2_sample()})
    return dict(response.json()) if response.status_code == 202 else None


def _told(received: list[Received], jobs: list[Json]) -> set[str] | None:
    """The ids of the jobs that messages are about; None while one is missing."""
    ids = {message["data"]["id"] for message in (request.verify(SECRET) for request in list(received))}
    return ids if {job["id"] for job in jobs} <= ids else None
