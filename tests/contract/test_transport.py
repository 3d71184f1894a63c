"""Celery's way to the server, on a real one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from kombu import Connection

from broker.app import create_app
from broker.transport import Channel, celery_url, transport_options, use_transport
from jobs.redis.connection import connect, is_full


def test_the_certificate_of_a_server_is_checked_unless_its_url_says_otherwise() -> None:
    assert celery_url("rediss://host:1/0") == "rediss://host:1/0?ssl_cert_reqs=required"
    assert celery_url("rediss://host:1/0?ssl_ca_certs=a") == "rediss://host:1/0?ssl_ca_certs=a&ssl_cert_reqs=required"
    assert celery_url("rediss://host:1/0?ssl_cert_reqs=none") == "rediss://host:1/0?ssl_cert_reqs=none"


def test_a_channel_keeps_its_client_until_its_connections_are_lost(server_url: str) -> None:
    use_transport()
    with Connection(celery_url(server_url)) as connection:
        channel = connection.default_channel
        assert isinstance(channel, Channel)
        with channel.conn_or_acquire() as one, channel.conn_or_acquire() as other:
            assert one is other
            assert one.ping()
        channel._disconnect_pools()
        with channel.conn_or_acquire() as new:
            assert new is not one
            assert new.ping()


def test_the_deployment_uses_it(server_url: str) -> None:
    with create_app(server_url).connection_for_write() as connection:
        assert isinstance(connection.default_channel, Channel)


def test_sentinels_are_one_url_each_for_celery_and_the_rest_is_in_the_options() -> None:
    url = "rediss+sentinel://joe:a%2Fb@one:1,[::1]:2/main/3?sentinel_password=p&ssl_ca_certs=a"
    assert celery_url(url) == "sentinel://joe:a%2Fb@one:1/3;sentinel://joe:a%2Fb@[::1]:2/3"
    assert celery_url("redis+sentinel://one/main") == "sentinel://one:26379/0"
    options = transport_options(url)
    assert (options["master_name"], options["tls"]) == ("main", {"ssl_ca_certs": "a"})
    assert (options["sentinel_kwargs"]["password"], options["sentinel_kwargs"]["ssl"]) == ("p", True)
    assert transport_options("redis://host:1/0") == {}


@contextmanager
def full(server_url: str) -> Iterator[None]:
    server: Any = connect(server_url, patience_s=1)
    server.config_set("maxmemory", "1mb")
    try:
        yield
    finally:
        server.config_set("maxmemory", "0")


def test_a_worker_takes_and_sends_messages_though_the_server_is_full(server_url: str) -> None:
    use_transport()
    with Connection(celery_url(server_url)) as api:
        queue = api.SimpleQueue("tested-full")
        queue.put({"number": 1})
        queue.close()
    options = {"continues_when_full": True}
    with full(server_url), Connection(celery_url(server_url), transport_options=options) as worker:
        queue = worker.SimpleQueue("tested-full")
        queue.put({"number": 2})
        for number in (1, 2):
            message = queue.get(timeout=10)
            assert message.payload == {"number": number}
            with message.channel.conn_or_acquire() as client:
                taken = message.channel.qos.unacked_key
                assert client.hexists(taken, message.delivery_tag)
                message.ack()
                assert not client.hexists(taken, message.delivery_tag)
        queue.close()


def test_other_processes_send_nothing_to_a_full_server(server_url: str) -> None:
    use_transport()
    with Connection(celery_url(server_url)) as api:
        queue = api.SimpleQueue("tested-full-too")
        with full(server_url), pytest.raises(api.channel_errors) as refused:
            queue.put({"number": 1})
        assert is_full(refused.value)
        queue.close()
