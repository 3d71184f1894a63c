import logging
import socket

import httpx
import pytest

from embedded.ports import free_port
from metrics.declaration import GaugeCollector, ProcessMetrics
from metrics.server import serve_metrics


@pytest.fixture
def port() -> int:
    return free_port()


def test_gauges_are_read_with_each_scrape(port: int) -> None:
    metrics = ProcessMetrics()
    reads: list[int] = []
    gauge = metrics.read_gauge("reads", "How often it was read.")

    def read() -> None:
        reads.append(1)
        gauge.set(len(reads))

    metrics.registry.register(GaugeCollector([gauge], read))
    serve_metrics(metrics, "127.0.0.1", port)
    scrapes = [httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text for _ in range(2)]
    assert [f"faceline_reads {number}.0" in scrape for number, scrape in enumerate(scrapes, 1)] == [True, True]


def test_without_a_port_nothing_is_served() -> None:
    serve_metrics(ProcessMetrics(), "no such host", None)


def test_a_port_that_is_taken_is_an_error_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as taken, caplog.at_level(logging.ERROR):
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        serve_metrics(ProcessMetrics(), "127.0.0.1", taken.getsockname()[1])
    assert "metrics are not served" in caplog.text
