"""All Celery settings, each with its reason. What was measured stands in docs/decisions/0002-celery-settings.md."""

from kombu.entity import Exchange, Queue

from broker.queues import CO_LOCATED, all_queues
from broker.transport import celery_url
from config.settings import load_settings
from models.family import ModelFamily

_settings = load_settings()

broker_url = celery_url(_settings.broker_url or _settings.redis_url)
broker_connection_retry_on_startup = True
# A worker outlives any outage of the broker.
broker_connection_max_retries = None

_on_rabbitmq = broker_url.startswith(("amqp://", "amqps://"))

# Queues: three per family, by urgency. RabbitMQ keeps them on a quorum of its nodes.
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

# Jobs have their own record: results in a backend would cost a fifth of the throughput, and "pending" could not be
# told from "never was".
result_backend = None
task_ignore_result = True
task_store_errors_even_if_ignored = False

# Events and started-states cost up to two fifths of the throughput; switch them on from outside to watch.
worker_send_task_events = False
task_send_sent_event = False
task_track_started = False

# JSON only: nothing in a message is ever executed.
task_serializer = "json"
result_serializer = "json"
accept_content = ["json"]

# A message is given up only when its stage has run, and a worker holds no more than it works on.
task_acks_late = True
worker_prefetch_multiplier = 1
# The job's own count of attempts ends a message that kills its worker.
task_reject_on_worker_lost = True
# The next stage of a job must be sent whatever it takes: with the default of three tries, a short outage of the
# broker loses chains although acknowledgements are late.
task_publish_retry = True
task_publish_retry_policy = {"max_retries": None, "interval_start": 0, "interval_step": 0.2, "interval_max": 1}

_redis_options = {
    # Longer than the longest stage: a message that is worked on must not come again.
    "visibility_timeout": _settings.jobs.visibility_timeout_s,
    # Look for lost messages each second; the default sweep takes a minute or more.
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
    "queue_order_strategy": "broker.queues.UrgentFirst",
    "socket_keepalive": True,
    "health_check_interval": 10,
}
# RabbitMQ says when it has a message on disk.
broker_transport_options = {"confirm_publish": True} if _on_rabbitmq else _redis_options

# Threads: no fork under CUDA, one set of models per process.
worker_pool = "threads"
worker_concurrency = _settings.worker_threads
worker_cancel_long_running_tasks_on_connection_loss = False
# `celery inspect` and `celery control` need it.
worker_enable_remote_control = True

# Logs are ours; a task's arguments and results are never among them.
worker_hijack_root_logger = False
worker_redirect_stdouts = False
