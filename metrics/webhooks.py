"""The metrics of a process that sends the messages of webhooks."""

from metrics.declaration import LONG_S, ProcessMetrics

METRICS = ProcessMetrics()

ATTEMPT_SECONDS = METRICS.histogram(
    "webhook_attempt_seconds",
    "An attempt to send a message, from the look-up of the name to the status of the answer. `accepted`: 2xx. "
    "`answered`: another status. `refused`: the target is not allowed. `no_secret`: nothing signs the message.",
    "outcome",
    buckets=LONG_S,
)
DELIVERIES = METRICS.counter(
    "webhook_deliveries_total",
    "Deliveries that are over, by their last status: `delivered`, `failed`, `skipped` or `expired`.",
    "outcome",
)
