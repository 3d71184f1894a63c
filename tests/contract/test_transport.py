"""Celery's way to the server, on a real one."""

from kombu import Connection

from broker.app import create_app
from broker.transport import Channel, celery_url, use_transport


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
