"""Spans: the steps of a request. All packages record their steps through the functions of this module.

Nothing is recorded, and OpenTelemetry is not imported, until `traces.export` sets a recorder. A step is recorded only
inside a request that was sampled. Names and attributes have no personal data: neither images, results and templates nor
URLs, queries, addresses and names of keys.
"""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Literal, Protocol, Self

TRACEPARENT = "traceparent"
"""The header of a request, or of a message, with the span that it belongs to: W3C Trace Context."""

Attributes = Mapping[str, str | int | float]
Kind = Literal["internal", "server", "producer", "consumer", "client"]
"""What a span is for other systems; see the kinds of OpenTelemetry."""


class Span:
    """A step, from the begin to the end of the `with` statement. This one is not recorded."""

    __slots__ = ()

    recorded = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return None

    def note(self, attributes: Attributes, name: str | None = None) -> None:
        """Add attributes, and rename the span."""

    def fail(self, error_type: str) -> None:
        """Note that the step failed, with the stable type of the error. The text of an error may be personal."""


NOTHING = Span()


class Recorder(Protocol):
    """Records spans; `traces.export` implements it. See the functions of this module."""

    def request(self, name: str, traceparent: str | None) -> Span: ...  # noqa: D102
    def own_trace(self, name: str, attributes: Attributes) -> Span: ...  # noqa: D102
    def step(self, name: str, attributes: Attributes, kind: Kind) -> Span: ...  # noqa: D102
    def shared(self, name: str, attributes: Attributes, traceparents: Sequence[str]) -> Span: ...  # noqa: D102
    def past(self, name: str, began_at: float, attributes: Attributes) -> None: ...  # noqa: D102
    def continued(self, traceparent: str) -> Span: ...  # noqa: D102
    def current(self) -> str | None: ...  # noqa: D102
    def fail(self, error_type: str) -> None: ...  # noqa: D102


_recorder: Recorder | None = None


def record_with(recorder: Recorder | None) -> None:
    """Record the spans of this process with a recorder from now on; None records nothing."""
    global _recorder
    _recorder = recorder


def request(name: str, traceparent: str | None) -> Span:
    """The span of an HTTP request: of the caller's trace if it sends one, otherwise of a new trace, if it is sampled.

    Args:
        name: until the route is known.
        traceparent: the header of the request.
    """
    return NOTHING if _recorder is None else _recorder.request(name, traceparent)


def own_trace(name: str, attributes: Attributes) -> Span:
    """The first span of a new trace, if it is sampled; it has a link to the current span."""
    return NOTHING if _recorder is None else _recorder.own_trace(name, attributes)


def step(name: str, attributes: Attributes, kind: Kind = "internal") -> Span:
    """A step of the current span."""
    return NOTHING if _recorder is None else _recorder.step(name, attributes, kind)


def shared(name: str, attributes: Attributes, traceparents: Sequence[str]) -> Span:
    """A step that several spans share: a step of the first one, with links to the others.

    Args:
        name: of the step.
        attributes: of the step.
        traceparents: of the spans, as `current` gives them; without any, nothing is recorded.
    """
    return NOTHING if _recorder is None or not traceparents else _recorder.shared(name, attributes, traceparents)


def past(name: str, began_at: float, attributes: Attributes) -> None:
    """Record a step of the current span that ends now.

    Args:
        name: of the step.
        began_at: seconds since the epoch.
        attributes: of the step.
    """
    if _recorder is not None:
        _recorder.past(name, began_at, attributes)


def continued(traceparent: str | None) -> Span:
    """Makes the span of another process the current one while the `with` statement lasts; None changes nothing."""
    return NOTHING if _recorder is None or traceparent is None else _recorder.continued(traceparent)


def current() -> str | None:
    """The current span as a `traceparent`, for other processes and threads; None if nothing is recorded."""
    return None if _recorder is None else _recorder.current()


def fail(error_type: str) -> None:
    """See `Span.fail`; for the current span."""
    if _recorder is not None:
        _recorder.fail(error_type)
