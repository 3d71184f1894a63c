"""All Celery settings, each with its reason; docs/decisions/0002-celery-settings.md has the measurements."""

import sys

from kombu.entity import Exchange, Queue

from broker.queues import CO_LOCATED, all_queues
from broker.transport import celery_url, transport_options
from config.settings import load_settings
from models.family import ModelFamily

_settings = load_settings()

_broker_url = _settings.broker_url or _settings.redis_url
broker_url = celery_url(_broker_url)
broker_connection_retry_on_startup = True
# A worker outlives any outage of the broker.
broker_connection_max_retries = None
# Also an outage in which the server answers but refuses commands: it is full, read-only or has no replica.
broker_channel_error_retry = True
worker_consumer = "broker.consumer:Consumer"

_on_rabbitmq = broker_url.startswith(("amqp://", "amqps://"))

# Four queues per family, by priority. RabbitMQ keeps them on a quorum of its nodes.
task_queues = [
    Queue(
        name,
        Exchange("faceline"),
        routing_key=name,
        queue_arguments={"x-queue-type": "quorum"} if _on_rabbitmq else None,
    )
    for name in all_queues([*ModelFamily, CO_LOCATED])
]
task_default_queue = CO_LOCATED

# Jobs have their own record: results in a backend would cost a fifth of the throughput, and a pending job could not be
# distinguished from an unknown one.
result_backend = None
task_ignore_result = True
task_store_errors_even_if_ignored = False

# Events cost up to two fifths of the throughput; Flower needs them. The state "started" would need a result backend.
worker_send_task_events = _settings.celery_events
task_send_sent_event = False
task_track_started = False

# JSON only: no content of a message is executed.
task_serializer = "json"
result_serializer = "json"
accept_content = ["json"]

# Late acknowledgement: a message is acknowledged after its stage has run. If the worker is killed before that, the
# broker delivers the message again, and no job is lost. Prefetch 1: a worker takes only messages that it runs at once.
task_acks_late = True
worker_prefetch_multiplier = 1
# The message of a worker that died is put back. An image that kills worker after worker fails as `poisoned`.
task_reject_on_worker_lost = True
# The message of the next stage is sent until it succeeds: with the default of three tries, a short outage of the broker
# loses chains although acknowledgements are late. A number, since Celery makes three tries of None here.
task_publish_retry = True
task_publish_retry_policy = {"max_retries": sys.maxsize, "interval_start": 0, "interval_step": 0.2, "interval_max": 1}

_redis_options = {
    # The last resort, for a message that its worker forgot; `broker/taken.py` puts those of a dead worker back sooner.
    # Longer than the longest stage: a message should not be delivered again while its worker works on it.
    "visibility_timeout": _settings.jobs.visibility_timeout_s,
    # Look for lost messages each second; the default takes a minute or more.
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
    # A server that was killed during such a look still has its lock on disk; the default keeps it for five minutes.
    "unacked_mutex_expire": 10,
    "queue_order_strategy": "broker.queues.UrgentFirst",
    "socket_keepalive": True,
    # A server that was replaced without closing its connections is noticed after about these two times.
    "health_check_interval": 2,
    "socket_timeout": 5,
}
# RabbitMQ confirms that it has a message on disk.
broker_transport_options = (
    {"confirm_publish": True} if _on_rabbitmq else {**_redis_options, **transport_options(_broker_url)}
)

# Threads: CUDA does not survive a fork, and a process needs one set of models only.
worker_pool = "threads"
worker_concurrency = _settings.worker_threads
worker_cancel_long_running_tasks_on_connection_loss = False
# For `celery inspect` and `celery control`.
worker_enable_remote_control = True

# Logs are set up by `config.logs`; they never hold the arguments and results of tasks.
worker_hijack_root_logger = False
worker_redirect_stdouts = False
