"""The metrics of a worker process: its messages, stages, services, networks and images."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter, time

from config.errors import FacelineError
from metrics.declaration import COUNTS, LONG_S, SHORT_S, ProcessMetrics

METRICS = ProcessMetrics()

QUEUE_SECONDS = METRICS.histogram(
    "queue_wait_seconds",
    "From the sending of a message to its taking, by queue; of a message that came again, since it was first sent.",
    "queue",
    buckets=LONG_S,
)
REDELIVERIES = METRICS.counter("redeliveries_total", "Messages that came again, by queue.", "queue")
MESSAGES_PUT_BACK = METRICS.counter(
    "messages_put_back_total", "Messages of workers that are gone, which this worker put back into their queues."
)
WORKERS_GONE = METRICS.counter("workers_gone_total", "Workers whose end this worker found.")
JOBS_SENT_AGAIN = METRICS.counter("jobs_sent_again_total", "Jobs without a message, which this worker sent again.")

CLAIMS = METRICS.counter(
    "stage_claims_total",
    "What the store answered when a stage was to begin. `go`: an attempt begins. `alone`: a worker died while it ran "
    "the stage, which is now tried alone. The other outcomes skip the stage.",
    "outcome",
)
STAGE_SECONDS = METRICS.histogram(
    "stage_seconds",
    "From the beginning of a stage to its result in the store, by the family of its services.",
    "stage",
    buckets=LONG_S,
)
STAGE_ITEMS = METRICS.histogram("stage_items", "The samples that a stage runs on together.", "stage", buckets=COUNTS)
JOBS = METRICS.counter("jobs_total", "Jobs that ended on a worker.", "outcome", "priority")
JOB_SECONDS = METRICS.histogram(
    "job_seconds", "From the making of a job to its end on a worker.", "priority", buckets=LONG_S
)
JOB_FAILURES = METRICS.counter("job_failures_total", "Jobs that failed, by the type of the error.", "reason")
DEAD_LETTERS = METRICS.counter(
    "dead_letters_total", "Stages of which items were given up since they killed their worker again and again."
)

SERVICE_SECONDS = METRICS.histogram(
    "service_seconds",
    "A run of a service on the samples that are decoded together. `failed`: on a sample of the job at least.",
    "service",
    "outcome",
    buckets=SHORT_S,
)
MODEL_SECONDS = METRICS.histogram(
    "model_seconds", "A run of a network; the first ones are those of the warm-up.", "model", "device", buckets=SHORT_S
)
MODEL_ROWS = METRICS.histogram(
    "model_rows", "The rows of a run of a network, those of zeros included.", "model", "device", buckets=COUNTS
)
PADDING_ROWS = METRICS.counter(
    "model_padding_rows_total",
    "Rows of zeros that fill shared batches to one of a few sizes: the batch fill is 1 minus their share of all rows.",
    "model",
    "device",
)
OUT_OF_MEMORY = METRICS.counter(
    "model_out_of_memory_total",
    "Runs of a network for which the memory of its device did not suffice.",
    "model",
    "device",
)
GPU_MEMORY_BYTES = METRICS.gauge(
    "gpu_memory_bytes", "The memory of the GPU, used by all processes or free; missing on a CPU.", "device", "state"
)

DECODE_SECONDS = METRICS.histogram("image_decode_seconds", "The decoding of an image.", buckets=SHORT_S)
DECODED_BYTES = METRICS.counter("image_decode_bytes_total", "The bytes of images before they were decoded.")
DECODE_FAILURES = METRICS.counter(
    "image_decode_failures_total", "Images that could not be decoded, by the type of the error.", "reason"
)


def note_message(queue: str, sent_at: float | None, *, redelivered: bool) -> None:
    """Measure a message that was taken from its queue.

    Args:
        queue: that it was in.
        sent_at: seconds since the epoch; None for a message of an earlier version.
        redelivered: whether the broker sent it before.
    """
    if sent_at is not None:
        # The clock of the sender may be ahead.
        QUEUE_SECONDS.labels(queue).observe(max(0.0, time() - sent_at))
    if redelivered:
        REDELIVERIES.labels(queue).inc()


def note_end(outcome: str, priority: str, seconds: float, reason: str | None) -> None:
    """Measure a job that ended.

    Args:
        outcome: the status of the job.
        priority: of the job.
        seconds: since it was made.
        reason: the type of the error, if it failed.
    """
    JOBS.labels(outcome, priority).inc()
    JOB_SECONDS.labels(priority).observe(max(0.0, seconds))
    if reason is not None:
        JOB_FAILURES.labels(reason).inc()


@contextmanager
def decoding(size_bytes: int) -> Iterator[None]:
    """Measures the body of the context, which decodes an image of so many bytes."""
    began = perf_counter()
    DECODED_BYTES.inc(size_bytes)
    try:
        yield
    except FacelineError as error:
        DECODE_FAILURES.labels(error.type).inc()
        raise
    finally:
        DECODE_SECONDS.observe(perf_counter() - began)
