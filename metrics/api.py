"""The metrics of an API process: its requests, what they bring, and the state of the deployment."""

from metrics.declaration import LONG_S, ProcessMetrics

METRICS = ProcessMetrics()

REQUEST_SECONDS = METRICS.histogram(
    "http_request_seconds",
    "From the arrival of a request to the end of its answer, by the template of its route; `none` matched no route, or "
    "was refused before. A request with `wait` includes the wait. The status is 0 if no answer was begun.",
    "route",
    "method",
    "status",
    buckets=LONG_S,
)
REFUSALS = METRICS.counter(
    "refusals_total",
    "Requests that were answered with an error, by its type; `internal` are all errors that callers do not cause.",
    "reason",
)
ADMISSIONS = METRICS.counter("admissions_total", "Jobs for which there was room, by priority.", "priority")
IMAGES = METRICS.counter("received_images_total", "Images that came in with jobs, also in batches.")
IMAGE_BYTES = METRICS.counter("received_image_bytes_total", "The bytes of these images as they were encoded.")
BATCH_REFUSALS = METRICS.counter(
    "batch_refusals_total", "Requests of batches that no job was made of, since they are wrong."
)

STORE_UP = METRICS.read_gauge("store_up", "1 if the store and the broker answered this scrape, 0 if not.")
STORE_BYTES = METRICS.read_gauge("store_memory_bytes", "The memory that the store uses.")
STORE_LIMIT_BYTES = METRICS.read_gauge(
    "store_memory_limit_bytes", "The most memory that the store may use; 0 is no limit."
)
QUEUE_LENGTH = METRICS.read_gauge("queue_length", "The messages that wait in a queue.", "queue")
OLDEST_MESSAGE_SECONDS = METRICS.read_gauge(
    "queue_oldest_message_age_seconds",
    "How long the oldest message of a queue waits since it was first sent; 0 for an empty queue. Missing on RabbitMQ, "
    "where a message cannot be read without taking it.",
    "queue",
)
WORKERS = METRICS.read_gauge("workers", "The live workers that take messages of a family.", "family")
MODELS_LOADED = METRICS.read_gauge("models_loaded", "The live workers that have loaded a model.", "model")
OPEN_JOBS = METRICS.read_gauge("open_jobs", "The jobs that are not over.")
WEBHOOKS_WAITING = METRICS.read_gauge(
    "webhooks_waiting", "The webhooks whose delivery is not over, without those of jobs that are not over."
)
WEBHOOKS_LATE_SECONDS = METRICS.read_gauge(
    "webhooks_late_seconds",
    "How long the oldest message of a webhook that is due waits for a process that sends it; 0 if none is due.",
)
