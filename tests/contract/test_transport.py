"""Celery's way to the server, on a real one."""

from celery import Celery
from kombu import Connection

from broker import transport
from broker.urls import celery_url
from celeryconfig import broker_transport_options


def test_a_channel_keeps_its_client_until_its_connections_are_lost(server_url: str) -> None:
    transport.install()
    with Connection(celery_url(server_url)) as connection:
        channel = connection.default_channel
        assert isinstance(channel, transport.Channel)
        with channel.conn_or_acquire() as one, channel.conn_or_acquire() as other:
            assert one is other
            assert one.ping()
        channel._disconnect_pools()
        with channel.conn_or_acquire() as new:
            assert new is not one
            assert new.ping()


def test_the_deployment_uses_it(server_url: str) -> None:
    app = Celery(broker=celery_url(server_url), config_source="celeryconfig")
    with app.connection_for_write(transport_options=broker_transport_options) as connection:
        assert isinstance(connection.default_channel, transport.Channel)
