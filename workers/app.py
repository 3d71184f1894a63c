"""The Celery worker. `python -P -m embedded.process worker <queue prefixes>` starts it.

Other commands of Celery, such as `celery -A workers.app inspect ping`, build no parts and load no models.
"""

from logging import getLogger
from typing import Any

import cv2
from celery.bootsteps import StartStopStep, Step
from celery.signals import celeryd_after_setup, setup_logging, worker_ready, worker_shutdown
from celery.worker.consumer import Tasks

from broker.app import app
from broker.queues import consumed_families
from broker.transport import is_redis, taken_keys
from config.logs import configure_logs
from config.settings import load_settings
from metrics.server import serve_metrics
from metrics.worker import METRICS
from models.errors import ModelError
from traces.switch import start_traces
from workers.housekeeping import Housekeeping
from workers.parts import WorkerParts, build_parts
from workers.stopping import Stopping
from workers.tasks import register_tasks
from workers.watchdog import GRACE_S, Watchdog

__all__ = ["app"]

log = getLogger(__name__)

WAKE_UP_S = 1.0


class BuildParts(Step):
    """Builds the parts of the worker as `worker.parts`, and adds the tasks that run on them."""

    def __init__(self, worker: Any, **_: Any) -> None:
        settings = load_settings()
        configure_logs(settings.log_level, settings.log_format, "worker")
        start_traces(settings.traces, "worker")
        # Celery logs the result of each task here, and each message that arrives there.
        getLogger("celery.app.trace").setLevel("WARNING")
        getLogger("celery.worker.strategy").setLevel("WARNING")
        worker.parts = build_parts(settings)
        if is_redis(worker.app.conf.broker_url):
            options = {**worker.app.conf.broker_transport_options, **taken_keys(worker.parts.name)}
            # Jobs that end make room, so their next stages are sent to a full server too.
            worker.app.conf.broker_transport_options = {**options, "continues_when_full": True}
        register_tasks(worker.app, worker.parts)


class HousekeepingStep(StartStopStep):
    """Starts the housekeeping and the watchdog of the worker, `worker.housekeeping` and `worker.watchdog`."""

    requires = (BuildParts,)

    def start(self, worker: Any) -> None:
        """Start them once the models are loaded, and before the worker takes the first message."""
        worker.housekeeping = Housekeeping(worker.parts, list(worker.app.amqp.queues.consume_from))
        worker.housekeeping.start()
        stages, limit_s = worker.parts.stages.in_hand, worker.parts.settings.jobs.stage_deadline_s + GRACE_S
        worker.watchdog = Watchdog(stages, limit_s, worker.parts.patience.holds)
        worker.watchdog.start()
        bound = worker.parts.settings.metrics
        serve_metrics(METRICS, bound.host, bound.worker_port)
        Stopping(stages).handle_signals()

    def close(self, worker: Any) -> None:
        """Report that the worker takes no more messages; it finishes those that it has."""
        worker.housekeeping.report_consuming(consuming=False)


class LookForLostMessages(StartStopStep):
    """Makes the housekeeping look for lost messages each time that the worker has connected to its broker."""

    requires = (Tasks,)

    def start(self, consumer: Any) -> None:
        """A message that was handed to the connection before may be lost."""
        consumer.controller.housekeeping.look_for_lost_messages()


class WakeUp(StartStopStep):
    """Wakes the loop of the worker each second: only then it sees that a signal told the worker to stop.

    Redis is asked for messages all the time. RabbitMQ sends them, so without this step an idle worker would take up to
    seven seconds to stop.
    """

    requires = (Tasks,)

    def __init__(self, consumer: Any, **options: Any) -> None:
        super().__init__(consumer, **options)
        self._timer: Any = None

    def start(self, consumer: Any) -> None:
        """Start the timer, also after the consumer has connected again."""
        self.stop(consumer)
        self._timer = consumer.hub.call_repeatedly(WAKE_UP_S, lambda: None)

    def stop(self, _: Any) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


app.steps["worker"].update({BuildParts, HousekeepingStep})
app.steps["consumer"].update({LookForLostMessages, WakeUp})


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
def _report_consuming(sender: Any, **_: Any) -> None:
    """Report only now that the worker takes messages: readiness checks wait for their answers."""
    sender.controller.housekeeping.report_consuming(consuming=True)


@worker_shutdown.connect
def _end(sender: Any, **_: Any) -> None:
    """Called once all stages have ended; or if the worker cannot start, before it has begun to work."""
    if hasattr(sender, "housekeeping"):
        sender.watchdog.stop()
        sender.housekeeping.stop()
    sender.parts.models.close()
