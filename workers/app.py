"""The Celery worker. `python -P -m embedded.process worker <queue prefixes>` starts it.

Other commands of Celery, such as `celery -A workers.app inspect ping`, build no parts and load no models.
"""

from logging import getLogger
from typing import Any

import cv2
from celery.bootsteps import StartStopStep, Step
from celery.signals import celeryd_after_setup, setup_logging, worker_ready, worker_shutdown

from broker.app import app
from broker.queues import consumed_families
from config.logs import configure_logs
from config.settings import load_settings
from models.errors import ModelError
from workers.housekeeping import Housekeeping
from workers.parts import WorkerParts, build_parts
from workers.tasks import register_tasks

__all__ = ["app"]

log = getLogger(__name__)


class BuildParts(Step):
    """Builds the parts of the worker as `worker.parts`, and adds the tasks that run on them."""

    def __init__(self, worker: Any, **_: Any) -> None:
        settings = load_settings()
        configure_logs(settings.log_level, settings.log_format)
        # Celery logs the result of each task here, and each message that arrives there.
        getLogger("celery.app.trace").setLevel("WARNING")
        getLogger("celery.worker.strategy").setLevel("WARNING")
        worker.parts = build_parts(settings)
        register_tasks(worker.app, worker.parts)


class HousekeepingStep(StartStopStep):
    """Ends the housekeeping of the worker, `worker.housekeeping`, once the worker takes no more messages."""

    requires = (BuildParts,)

    def start(self, worker: Any) -> None:
        """Create the housekeeping once the models are loaded; `_start_housekeeping` starts its thread."""
        worker.housekeeping = Housekeeping(worker.parts, list(worker.app.amqp.queues.consume_from))

    def close(self, worker: Any) -> None:
        """Stop it; the worker finishes the messages that it has."""
        worker.housekeeping.stop()


app.steps["worker"].update({BuildParts, HousekeepingStep})


@setup_logging.connect
def _keep_our_logging(**_: Any) -> None:
    """Connected so that Celery does not set up logging."""


@celeryd_after_setup.connect
def _load_models(instance: Any, **_: Any) -> None:
    """Load the models of the consumed queues, before the worker takes the first message."""
    parts: WorkerParts = instance.parts
    # Tasks fill the cores: with more threads, OpenCV would compete with them.
    cv2.setNumThreads(parts.settings.engine.threads)
    try:
        parts.models.load(consumed_families(app.amqp.queues.consume_from))
    except ModelError as error:
        log.error("the worker cannot start", extra={"reason": str(error)})
        raise SystemExit(1) from error
    except Exception as error:  # Celery only logs what a receiver raises, and would start without the models
        log.exception("the worker cannot start")
        raise SystemExit(1) from error
    loaded = {"models": ",".join(parts.models.loaded), "services": ",".join(parts.models.loaded_services)}
    log.info("models loaded", extra=loaded)


@worker_ready.connect
def _start_housekeeping(sender: Any, **_: Any) -> None:
    """Report the worker as alive only now that it takes messages: readiness checks wait for their answers."""
    sender.controller.housekeeping.start()


@worker_shutdown.connect
def _close_sessions(sender: Any, **_: Any) -> None:
    sender.parts.models.close()
