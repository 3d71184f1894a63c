"""`ProcessMetrics`: declares the metrics of one kind of process, in a registry of their own.

Names follow the conventions of Prometheus: base units, and `_total` for what only grows. The values of a label are
few and known before: never ids, keys or URLs, each of which would be a time series of its own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

PREFIX = "faceline_"

# When each series began: as many series again, which no panel needs.
disable_created_metrics()  # type: ignore[no-untyped-call]

SHORT_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""Buckets for a run of a network or a service, in seconds."""
LONG_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)
"""Buckets for a request, a wait or a job, in seconds."""
COUNTS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
"""Buckets for the rows of a batch, or the items of a chunk."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A metric as the page of the docs shows it.

    Attributes:
        name: without the prefix.
        kind: of metric.
        labels: the names of its labels.
        meaning: the text that each scrape carries too.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    meaning: str


class ProcessMetrics:
    """The metrics of one kind of process. Thread-safe, as are the metrics.

    Besides those declared here, the registry has those of the client library about the process itself.

    Attributes:
        registry: that is scraped.
        declared: in the order of their declaration.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.declared: list[Declared] = []
        ProcessCollector(registry=self.registry)

    def counter(self, name: str, meaning: str, *labels: str) -> Counter:
        """Declare a number that only grows."""
        self._declare(name, "counter", meaning, labels)
        return Counter(PREFIX + name, meaning, labels, registry=self.registry)

    def histogram(self, name: str, meaning: str, *labels: str, buckets: Sequence[float]) -> Histogram:
        """Declare a distribution, in buckets with these upper bounds."""
        self._declare(name, "histogram", meaning, labels)
        return Histogram(PREFIX + name, meaning, labels, buckets=buckets, registry=self.registry)

    def gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        """Declare a number that rises and falls."""
        self._declare(name, "gauge", meaning, labels)
        return Gauge(PREFIX + name, meaning, labels, registry=self.registry)

    def read_gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        """Declare a number that is read when the process is scraped; a `GaugeCollector` adds it to the registry."""
        self._declare(name, "gauge", meaning, labels)
        return Gauge(PREFIX + name, meaning, labels, registry=None)

    def _declare(
        self, name: str, kind: Literal["counter", "gauge", "histogram"], meaning: str, labels: tuple[str, ...]
    ) -> None:
        self.declared.append(Declared(name, kind, labels, meaning))


class GaugeCollector(Collector):
    """Gauges whose values are read when the process is scraped. Thread-safe.

    Args:
        gauges: that `read` sets.
        read: reads the values; one thread calls it at a time.
    """

    def __init__(self, gauges: Sequence[Gauge], read: Callable[[], None]) -> None:
        self._gauges = gauges
        self._read = read
        self._lock = Lock()

    def collect(self) -> list[Metric]:
        """The gauges as they are now."""
        with self._lock:
            self._read()
            return [metric for gauge in self._gauges for metric in gauge.collect()]

    def describe(self) -> list[Metric]:
        """None: the registry would collect the gauges to learn their names."""
        return []
