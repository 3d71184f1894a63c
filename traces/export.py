"""Records spans with OpenTelemetry and sends them to a collector; the only module that imports OpenTelemetry.

The provider is not the global one of the process: libraries that find a global provider, among them FastAPI, would
record paths, queries and texts of errors with it.
"""

import os
from collections.abc import Sequence
from contextvars import Token
from importlib.metadata import version
from logging import getLogger
from types import TracebackType
from typing import Self

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
from opentelemetry.trace import Link, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from config.errors import FacelineError
from config.settings import TraceSettings
from traces.spans import NOTHING, TRACEPARENT, Attributes, Kind, Span

log = getLogger(__name__)

PATH = "/v1/traces"
EXPORT_S = 5.0
"""How long the collector has for a batch of spans, all tries together; a process that ends waits so long for it."""

_PROPAGATOR = TraceContextTextMapPropagator()


class RecordedSpan(Span):
    """A span of OpenTelemetry; the current one while the `with` statement lasts."""

    __slots__ = ("_span", "_token")

    recorded = True

    def __init__(self, span: trace.Span) -> None:
        self._span = span
        self._token: Token[Context] | None = None

    def __enter__(self) -> Self:
        self._token = contexts.attach(trace.set_span_in_context(self._span))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._token is not None:
            contexts.detach(self._token)
        if kind is not None:
            self.fail(error.type if isinstance(error, FacelineError) else kind.__name__)
        self._span.end()

    def note(self, attributes: Attributes, name: str | None = None) -> None:
        """See `Span.note`."""
        self._span.set_attributes(attributes)
        if name is not None:
            self._span.update_name(name)

    def fail(self, error_type: str) -> None:
        """See `Span.fail`."""
        _fail(self._span, error_type)


class OtelRecorder:
    """Records spans with OpenTelemetry: a `traces.spans.Recorder`.

    Args:
        tracer: makes the spans.
    """

    def __init__(self, tracer: trace.Tracer) -> None:
        self._tracer = tracer

    def request(self, name: str, traceparent: str | None) -> Span:
        """See `traces.spans.request`."""
        parent = _context(traceparent) if traceparent else Context()
        return _recorded(self._tracer.start_span(name, parent, SpanKind.SERVER))

    def own_trace(self, name: str, attributes: Attributes) -> Span:
        """See `traces.spans.own_trace`."""
        maker = trace.get_current_span().get_span_context()
        links = [Link(maker)] if maker.trace_flags.sampled else []
        return _recorded(self._tracer.start_span(name, Context(), SpanKind.PRODUCER, attributes, links))

    def step(self, name: str, attributes: Attributes, kind: Kind) -> Span:
        """See `traces.spans.step`."""
        if not _is_sampled():
            return NOTHING
        return RecordedSpan(self._tracer.start_span(name, None, SpanKind[kind.upper()], attributes))

    def shared(self, name: str, attributes: Attributes, traceparents: Sequence[str]) -> Span:
        """See `traces.spans.shared`."""
        first, *others = map(_context, traceparents)
        links = [Link(trace.get_current_span(other).get_span_context()) for other in others]
        return RecordedSpan(self._tracer.start_span(name, first, SpanKind.INTERNAL, attributes, links))

    def past(self, name: str, began_at: float, attributes: Attributes) -> None:
        """See `traces.spans.past`."""
        if _is_sampled():
            span = self._tracer.start_span(
                name, None, SpanKind.CONSUMER, attributes, start_time=int(began_at * 1_000_000_000)
            )
            span.end()

    def continued(self, traceparent: str) -> Span:
        """See `traces.spans.continued`."""
        return _Continued(_context(traceparent))

    def current(self) -> str | None:
        """See `traces.spans.current`."""
        if not _is_sampled():
            return None
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier)
        return carrier[TRACEPARENT]

    def fail(self, error_type: str) -> None:
        """See `traces.spans.fail`."""
        _fail(trace.get_current_span(), error_type)


class _Continued(Span):
    """The span of another process."""

    __slots__ = ("_context", "_token")

    def __init__(self, context: Context) -> None:
        self._context = context
        self._token: Token[Context] | None = None

    def __enter__(self) -> Self:
        self._token = contexts.attach(self._context)
        return self

    def __exit__(self, *_: object) -> None:
        if self._token is not None:
            contexts.detach(self._token)


def exporting_recorder(settings: TraceSettings, process: str) -> OtelRecorder:
    """A recorder that sends its spans to the collector of the settings, in a thread, and the last ones at exit.

    Args:
        settings: with an endpoint.
        process: the role of this process, such as "worker".
    """
    assert settings.endpoint is not None
    resource = Resource.create(
        {
            "service.name": settings.service_name,
            "service.version": version("faceline"),
            "faceline.process": process,
            "process.pid": os.getpid(),
        }
    )
    provider = TracerProvider(sampler=ParentBasedTraceIdRatio(settings.ratio), resource=resource)
    url = settings.endpoint.rstrip("/").removesuffix(PATH) + PATH
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url, timeout=EXPORT_S)))
    log.info("traces are sent to a collector", extra={"ratio": settings.ratio})
    return OtelRecorder(provider.get_tracer("faceline", version("faceline")))


def _recorded(span: trace.Span) -> Span:
    return RecordedSpan(span) if span.is_recording() else NOTHING


def _is_sampled() -> bool:
    return trace.get_current_span().get_span_context().trace_flags.sampled


def _context(traceparent: str) -> Context:
    """The context of a header; an empty one if the header is not valid."""
    return _PROPAGATOR.extract({TRACEPARENT: traceparent}, Context())


def _fail(span: trace.Span, error_type: str) -> None:
    span.set_attribute("error.type", error_type)
    span.set_status(Status(StatusCode.ERROR))
