"""Serves the metrics of a process on a port of their own, without a key."""

from logging import getLogger

from prometheus_client import start_http_server

from metrics.declaration import ProcessMetrics

log = getLogger(__name__)


def serve_metrics(metrics: ProcessMetrics, host: str, port: int | None) -> None:
    """Answer scrapes in threads until the process ends; without a port, do nothing.

    A port that is taken is an error in the log: a process without metrics still does its work.
    """
    if port is None:
        return
    try:
        start_http_server(port, host, metrics.registry)
    except OSError as error:
        log.error("metrics are not served", extra={"host": host, "port": port, "reason": error.strerror})
    else:
        log.info("metrics are served", extra={"host": host, "port": port})
