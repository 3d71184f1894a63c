"""The worker: `celery -A workers.app worker -Q <queues>`."""

from logging import getLogger
from typing import Any

import cv2
from celery.signals import celeryd_after_setup, setup_logging, worker_ready, worker_shutdown, worker_shutting_down

from broker.app import app
from broker.queues import consumed_families
from config.logs import configure_logs
from models.errors import ModelError
from workers import tasks
from workers.housekeeping import Housekeeping
from workers.runtime import runtime

__all__ = ["app", "tasks"]

log = getLogger(__name__)
_housekeeping: list[Housekeeping] = []


@setup_logging.connect
def _set_up_logging(**_: Any) -> None:
    settings = runtime().settings
    configure_logs(settings.log_level, settings.log_format)
    # It logs the result of each task.
    getLogger("celery.app.trace").setLevel("WARNING")
    # It logs each message as it comes in.
    getLogger("celery.worker.strategy").setLevel("WARNING")


@celeryd_after_setup.connect
def _warm_up(**_: Any) -> None:
    """Load the models of the consumed queues, before the first message is taken."""
    here = runtime()
    # Tasks fill the cores; more threads of OpenCV would fight them.
    cv2.setNumThreads(here.settings.engine.threads)
    try:
        here.sessions.load(consumed_families(app.amqp.queues.consume_from))
    except ModelError as error:
        log.error("the worker cannot start", extra={"reason": str(error)})
        raise SystemExit(1) from error
    except Exception as error:  # a signal's receiver may fail, and the worker would start without its models
        log.exception("the worker cannot start")
        raise SystemExit(1) from error
    loaded = {"models": ",".join(here.sessions.loaded), "services": ",".join(here.sessions.loaded_services)}
    log.info("models loaded", extra=loaded)


@worker_ready.connect
def _start_housekeeping(**_: Any) -> None:
    _housekeeping.append(Housekeeping(runtime(), list(app.amqp.queues.consume_from)))
    _housekeeping[-1].start()


@worker_shutting_down.connect
def _stop_housekeeping(**_: Any) -> None:
    while _housekeeping:
        _housekeeping.pop().stop()


@worker_shutdown.connect
def _close_sessions(**_: Any) -> None:
    runtime().sessions.close()
