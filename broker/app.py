"""The Celery app: the API sends through it, workers add their tasks to it."""

from celery import Celery

import celeryconfig
from broker.transport import celery_url, use_transport


def create_app(broker_url: str | None = None) -> Celery:
    """An app with the settings of `celeryconfig.py`.

    Args:
        broker_url: the server that messages go through; None for the one that the settings name.
    """
    use_transport()
    # The module, imported above: Celery would import a name after it has added the working folder to the import path.
    return Celery("faceline", broker=broker_url and celery_url(broker_url), config_source=celeryconfig)


app = create_app()
