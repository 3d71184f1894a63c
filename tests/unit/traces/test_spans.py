"""Spans, recorded with the SDK of OpenTelemetry in the memory of this process."""

import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from time import sleep

import numpy as np
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio

from config.errors import InvalidSetting
from config.settings import TraceSettings
from jobs.errors import StorageError
from models.runtime.batching import BatchingSession
from models.runtime.session import FloatArray
from traces import spans
from traces.export import OtelRecorder
from traces.switch import start_traces

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Memory:
    """The spans that ended."""

    def __init__(self, ratio: float) -> None:
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider(sampler=ParentBasedTraceIdRatio(ratio), shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.recorder = OtelRecorder(provider.get_tracer("test"))

    def ended(self) -> list[ReadableSpan]:
        return list(self._exporter.get_finished_spans())

    def names(self) -> list[str]:
        return [span.name for span in self.ended()]


@pytest.fixture
def memory() -> Iterator[Memory]:
    """Records all requests."""
    memory = Memory(ratio=1)
    spans.record_with(memory.recorder)
    yield memory
    spans.record_with(None)


@pytest.fixture
def unlucky() -> Iterator[Memory]:
    """Records no request of its own accord."""
    memory = Memory(ratio=0)
    spans.record_with(memory.recorder)
    yield memory
    spans.record_with(None)


def test_without_a_recorder_nothing_is_recorded() -> None:
    with spans.request("GET /", None) as request, spans.step("step", {}) as step, spans.continued("00-1-2-01"):
        spans.past("wait", 1.0, {})
        assert spans.current() is None
    assert request is step is spans.NOTHING


def test_steps_are_recorded_inside_a_sampled_request_only(memory: Memory) -> None:
    with spans.step("before", {}):
        assert spans.current() is None
    with spans.request("request", None), spans.step("inside", {}):
        spans.past("past", 1.0, {})
    assert memory.names() == ["past", "inside", "request"]
    past, inside, request = memory.ended()
    assert past.parent == inside.context
    assert inside.parent == request.context
    assert past.start_time == 1_000_000_000


def test_a_request_that_is_not_sampled_has_no_steps(unlucky: Memory) -> None:
    with spans.request("request", None) as request, spans.step("step", {}):
        assert not request.recorded
        assert spans.current() is None
    assert unlucky.names() == []


@pytest.mark.parametrize(("flags", "recorded"), [("01", True), ("00", False)])
def test_the_sender_of_a_traceparent_decides(unlucky: Memory, flags: str, recorded: bool) -> None:
    with spans.request("request", f"00-{TRACE}-{CALLER}-{flags}") as request:
        assert request.recorded is recorded
    assert len(unlucky.ended()) == recorded


@pytest.mark.parametrize("given", ["", "ümlaut", "00-0-0-01", "x" * 10_000, f"ff-{TRACE}-{CALLER}-01"])
def test_a_traceparent_that_is_not_valid_begins_a_new_trace(memory: Memory, given: str) -> None:
    with spans.request("request", given):
        pass
    (request,) = memory.ended()
    assert request.parent is None


def test_a_trace_goes_on_in_another_process(memory: Memory) -> None:
    with spans.request("request", f"00-{TRACE}-{CALLER}-01"):
        traceparent = spans.current()
    assert traceparent is not None
    assert traceparent.split("-")[1] == TRACE
    with spans.continued(traceparent), spans.step("stage", {"faceline.stage": 0}):
        pass
    request, stage = memory.ended()
    assert stage.parent is not None
    assert request.context is not None
    assert stage.parent.span_id == request.context.span_id
    assert spans.current() is None


def test_the_span_of_a_failure_has_its_type_and_not_its_text(memory: Memory) -> None:
    with pytest.raises(StorageError), spans.request("request", None):
        raise StorageError("redis://erika@host does not answer")
    (request,) = memory.ended()
    assert request.attributes == {"error.type": "storage_error"}
    assert request.events == ()
    assert request.status.description is None
    assert not request.status.is_ok


class Gated:
    """A session that waits until its gate is open."""

    def __init__(self) -> None:
        self.entered, self.gate = Event(), Event()

    def run(self, batch: FloatArray) -> Mapping[str, FloatArray]:
        self.entered.set()
        assert self.gate.wait(30)
        return {"doubled": batch * 2}

    def zeros(self, rows: int) -> FloatArray:
        return np.zeros((rows, 2), np.float32)


def test_a_batch_with_rows_of_several_traces_is_a_step_of_one_with_links_to_the_others(memory: Memory) -> None:
    engine = Gated()
    session = BatchingSession(engine, max_rows=8)

    def run(name: str) -> None:
        with spans.request(name, None):
            session.run(np.ones((1, 2), np.float32))

    with ThreadPoolExecutor(3) as callers:
        callers.submit(run, "first")
        assert engine.entered.wait(30)
        others = [callers.submit(run, name) for name in ("second", "third")]
        while len(session._waiting) < len(others):
            sleep(0.001)
        engine.gate.set()
    session.close()
    traces = {span.name: span.context.trace_id for span in memory.ended() if span.context and span.parent is None}
    alone, shared = (span for span in memory.ended() if span.name == "run batch")
    assert alone.context is not None
    assert shared.context is not None
    assert (alone.context.trace_id, alone.links) == (traces["first"], ())
    linked = [link.context.trace_id for link in shared.links]
    assert {shared.context.trace_id, *linked} == {traces["second"], traces["third"]}
    assert len(linked) == 1
    assert shared.attributes == {"faceline.requests": 2}


def test_an_endpoint_without_the_extra_is_an_error_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "traces.export", None)
    with pytest.raises(InvalidSetting, match=r"faceline\[traces\]"):
        start_traces(TraceSettings(endpoint="http://127.0.0.1:4318"), "api")


def test_without_an_endpoint_opentelemetry_is_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "traces.export", None)
    start_traces(TraceSettings(), "api")
    assert spans.request("GET /", None) is spans.NOTHING
