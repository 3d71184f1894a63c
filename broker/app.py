"""The Celery app: the API sends through it, workers add their tasks to it."""

from celery import Celery

import celeryconfig
from broker.transport import celery_url, is_redis, transport_options, use_transport
from jobs.redis.connection import Patience


def create_app(broker_url: str | None = None, patience: Patience | None = None) -> Celery:
    """An app with the settings of `celeryconfig.py`.

    Args:
        broker_url: the server that messages go through; None for the one that the settings name.
        patience: says how long commands to a Redis-compatible server are tried again; None for a worker, which sends
            its messages until the server takes them.
    """
    use_transport()
    # The module, imported above: Celery would import a name after it has added the working folder to the import path.
    app = Celery("faceline", broker=broker_url and celery_url(broker_url), config_source=celeryconfig)
    options = transport_options(broker_url) if broker_url else {}
    if patience is not None and is_redis(app.conf.broker_url):
        options |= {"retry": patience, "socket_timeout": patience.try_s, "socket_connect_timeout": patience.try_s}
    if options:
        app.conf.broker_transport_options = {**app.conf.broker_transport_options, **options}
    return app


app = create_app()
