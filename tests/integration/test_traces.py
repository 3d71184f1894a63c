"""Traces of a real deployment, as a collector on this machine gets them: OTLP over HTTP."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from access.key import Scope
from access.webhook_secrets import new_secret
from tests.integration.api_process import administration
from tests.integration.conftest import Deploy, Deployment, base64_photo, v2_sample
from tests.integration.receiver import Receiver, running_receiver

pytestmark = pytest.mark.stack

FOUR_STAGES = ["face-detector-face-fitter", "age-estimator", "quality-assessment-estimator", "template-extractor"]
"""Each has a family, and so a queue, of its own."""
TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED, UNSAMPLED = f"00-{TRACE}-{CALLER}-01", f"00-{TRACE}-{CALLER}-00"


@dataclass(frozen=True)
class Seen:
    """A span, as a collector sees it.

    Attributes:
        links: the traces that it has links to.
    """

    process: str
    name: str
    trace: str
    id: str
    parent: str
    began_ns: int
    ended_ns: int
    attributes: dict[str, Any]
    links: list[str]


@dataclass(frozen=True)
class Traced:
    """A deployment that is traced, and the collector."""

    deployment: Deployment
    collector: Receiver

    def spans(self) -> list[Seen]:
        return [span for received in self.collector.received for span in read(received.body)]

    def wait(self, *names: str, trace: str | None = None) -> list[Seen]:
        """The spans of a trace, or of all, once there is one of each name."""
        deadline = monotonic() + 60
        while True:
            found = [span for span in self.spans() if trace in (None, span.trace)]
            if set(names) <= {span.name for span in found}:
                return found
            assert monotonic() < deadline, sorted(span.name for span in found)
            sleep(0.05)


def read(body: bytes) -> Iterator[Seen]:
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        process = plain(resource.resource.attributes)["faceline.process"]
        for scope in resource.scope_spans:
            for span in scope.spans:
                times = span.start_time_unix_nano, span.end_time_unix_nano
                ids = span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()
                links = [link.trace_id.hex() for link in span.links]
                yield Seen(process, span.name, *ids, *times, plain(span.attributes), links)


def plain(attributes: Iterable[Any]) -> dict[str, Any]:
    return {one.key: value_of(one.value) for one in attributes}


def value_of(value: AnyValue) -> Any:
    return getattr(value, value.WhichOneof("value") or "string_value")


@pytest.fixture(scope="module")
def traced(deploy: Deploy) -> Iterator[Traced]:
    """A deployment with a queue for each family, which traces all requests."""
    with (
        running_receiver() as collector,
        deploy(
            FACELINE_TRACES__ENDPOINT=f"http://127.0.0.1:{collector.port}",
            FACELINE_TRACES__RATIO="1",
            FACELINE_CO_LOCATE="false",
            FACELINE_WEBHOOKS__ALLOW="127.0.0.1",
            FACELINE_WEBHOOKS__SECRET=new_secret(),
            OTEL_BSP_SCHEDULE_DELAY="100",
        ) as deployment,
    ):
        yield Traced(deployment, collector)


def test_a_job_of_four_stages_is_one_trace_without_personal_data(traced: Traced) -> None:
    with running_receiver() as hook:
        body = {
            "services": FOUR_STAGES,
            "sample": v2_sample(),
            "metadata": {"customer": "Erika Mustermann"},
            "webhook": {"url": hook.url},
        }
        headers = {"traceparent": SAMPLED, "X-Request-ID": "order-18"}
        answer = traced.deployment.client.post("/jobs?wait=60", json=body, headers=headers)
        job = answer.json()
        assert job["status"] == "succeeded"
        spans = traced.wait("POST /jobs", "stage recognition", "deliver webhook", trace=TRACE)

    by_name = {span.name: span for span in spans}
    root, submitted = by_name["POST /jobs"], by_name["submit job"]
    assert root.parent == CALLER
    assert root.attributes == {
        "http.request.method": "POST",
        "http.route": "/jobs",
        "http.response.status_code": 200,
        "faceline.request.id": "order-18",
        "faceline.subject.id": job["id"],
    }
    # One connected trace: the parent of each other span is in it.
    ids = {span.id for span in spans}
    assert {span.name for span in spans if span.parent not in ids} == {"POST /jobs"}

    families = ["face-detection", "face-attributes", "quality", "recognition"]
    stages = [by_name[f"stage {family}"] for family in families]
    assert {span.parent for span in stages} == {submitted.id}
    assert [span.attributes["faceline.stage"] for span in stages] == [0, 1, 2, 3]
    assert all(span.process == "worker" and span.attributes["faceline.job.id"] == job["id"] for span in stages)
    waits = [span for span in spans if span.name == "wait in queue"]
    assert sorted(span.attributes["messaging.destination.name"] for span in waits) == sorted(families)
    for name, stage in zip(FOUR_STAGES, stages, strict=True):
        service = by_name[f"service {name}"]
        assert service.parent == stage.id
        assert stage.began_ns <= service.began_ns <= service.ended_ns <= stage.ended_ns
        models = [span for span in spans if span.parent == service.id and span.name.startswith("model ")]
        assert all(span.attributes["faceline.rows"] >= 1 for span in models)
        assert all(span.attributes["faceline.device"] == "cpu" for span in models)
    assert len([span for span in spans if span.name.startswith("model ")]) >= len(FOUR_STAGES)
    assert by_name["deliver webhook"].process == "webhooks"
    assert by_name["decode image"].process == "worker"

    # Photo, result, metadata, query, and the URL of the webhook.
    face = job["result"]["objects"][0]
    (template,) = (kept["blob"] for kept in face["template"].values())
    secrets = [base64_photo()[1000:1050], template[100:150], "Mustermann", "wait=60", "hush", "/hook", "127.0.0.1"]
    sent = b"".join(received.body for received in traced.collector.received)
    assert [secret for secret in secrets if secret.encode() in sent] == []


def test_a_request_whose_sender_does_not_trace_it_is_not_traced(traced: Traced) -> None:
    client = traced.deployment.client
    assert client.get("/services", headers={"traceparent": UNSAMPLED}).status_code == 200
    assert client.get("/services/", headers={"X-Request-ID": "after"}).status_code
    deadline = monotonic() + 60
    while not any(span.attributes.get("faceline.request.id") == "after" for span in traced.spans()):
        assert monotonic() < deadline
        sleep(0.05)
    assert [span.name for span in traced.spans() if span.name == "GET /services" and span.trace == TRACE] == []


def test_a_failed_request_says_so_and_keeps_what_its_path_has_to_itself(traced: Traced) -> None:
    answer = traced.deployment.client.get("/jobs/erika?token=hush", headers={"X-Request-ID": "unknown-1"})
    assert answer.status_code == 404
    spans = traced.wait("GET /jobs/{job_id}")
    (span,) = [span for span in spans if span.attributes.get("faceline.request.id") == "unknown-1"]
    assert span.attributes["http.response.status_code"] == 404
    assert b"erika" not in b"".join(received.body for received in traced.collector.received)


def test_a_job_of_a_batch_has_a_trace_of_its_own_with_a_link_to_the_request(traced: Traced) -> None:
    line = json.dumps({"custom_id": "one", "services": FOUR_STAGES[:1], "sample": v2_sample()})
    batch = traced.deployment.client.post(
        "/batches", content=line, headers={"Content-Type": "application/x-ndjson"}
    ).json()
    traced.wait("POST /batches", "make job of batch")
    (made,) = [span for span in traced.spans() if span.name == "make job of batch"]
    (request,) = [span for span in traced.spans() if span.name == "POST /batches"]
    assert made.attributes["faceline.batch.id"] == batch["id"] == request.attributes["faceline.subject.id"]
    assert made.trace != request.trace
    assert made.links == [request.trace]
    traced.wait("stage face-detection", trace=made.trace)


def test_names_of_keys_are_not_in_traces(deploy: Deploy) -> None:
    with (
        running_receiver() as collector,
        deploy(
            workers=[],
            FACELINE_TRACES__ENDPOINT=f"http://127.0.0.1:{collector.port}/v1/traces",
            FACELINE_TRACES__RATIO="1",
            OTEL_BSP_SCHEDULE_DELAY="100",
        ) as machine,
    ):
        token = administration(machine.stack.redis_url).create("erika", [Scope.READ, Scope.ERASE])
        headers = {"Authorization": f"Bearer {token.reveal()}"}
        assert machine.client.delete("/jobs?everything=true", headers=headers).status_code == 200
    spans = Traced(machine, collector).spans()
    assert [span.name for span in spans if span.name.startswith("DELETE")] == ["DELETE /jobs"]
    sent = b"".join(received.body for received in collector.received)
    assert b"erika" not in sent
    assert token.reveal().encode() not in sent


def test_a_collector_that_does_not_answer_delays_neither_requests_nor_the_end(deploy: Deploy) -> None:
    with deploy(
        workers=[],
        FACELINE_TRACES__ENDPOINT="http://127.0.0.1:1",
        FACELINE_TRACES__RATIO="1",
        FACELINE_LOG_FORMAT="json",
    ) as machine:
        assert machine.client.get("/services").status_code == 200
    assert machine.stack.supervisor.killed == []


def test_without_a_collector_nothing_of_opentelemetry_is_sent_on(deployment: Deployment) -> None:
    answer = deployment.client.get("/services", headers={"traceparent": SAMPLED})
    assert answer.status_code == 200
    assert "traceparent" not in answer.headers
