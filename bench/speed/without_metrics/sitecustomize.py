"""Makes the metrics of a process do nothing, so that the part `observation` can measure what they cost.

The folder of this file is on the PYTHONPATH of a stack without metrics: Python imports it before anything else.
"""

from typing import Any

from prometheus_client import Counter, Gauge, Histogram


def _same(metric: Any, *_: object, **__: object) -> Any:
    return metric


def _nothing(*_: object, **__: object) -> None:
    return None


for _kind in (Counter, Gauge, Histogram):
    _kind.labels = _same  # type: ignore[method-assign, assignment]
Counter.inc = _nothing  # type: ignore[method-assign]
Gauge.set = _nothing  # type: ignore[method-assign]
Histogram.observe = _nothing  # type: ignore[method-assign]
