"""What the processes of a deployment write to their logs, line by line."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from time import monotonic, sleep
from typing import Any

import pytest

from access.key import Scope
from access.webhook_secrets import new_secret
from tests.integration.api_process import administration
from tests.integration.conftest import FOUR, Deploy, Deployment, base64_photo, v2_sample
from tests.integration.receiver import running_receiver

pytestmark = pytest.mark.stack

Entry = dict[str, Any]


@pytest.fixture(scope="module")
def machine(deploy: Deploy) -> Iterator[Deployment]:
    """A deployment that logs JSON, with a queue for each family."""
    webhooks = {"FACELINE_WEBHOOKS__ALLOW": "127.0.0.1", "FACELINE_WEBHOOKS__SECRET": new_secret()}
    with deploy(FACELINE_LOG_FORMAT="json", FACELINE_CO_LOCATE="false", **webhooks) as running:
        yield running


def entries(deployment: Deployment) -> list[Entry]:
    return [dict(json.loads(line)) for line in deployment.log.read_text().splitlines()]


def of_request(deployment: Deployment, request: str, lines: int = 1) -> list[Entry]:
    """The lines of a request; waits for some: they are written after the answer."""
    deadline = monotonic() + 30
    while len(found := [entry for entry in entries(deployment) if entry.get("request") == request]) < lines:
        assert monotonic() < deadline
        sleep(0.05)
    return found


def test_the_id_of_a_request_is_on_its_lines_and_on_those_of_the_workers(machine: Deployment) -> None:
    response = machine.client.post(
        "/jobs", json={"services": FOUR, "sample": v2_sample()}, headers={"X-Request-ID": "order-17"}
    )
    assert response.headers["X-Request-ID"] == "order-17"
    job = machine.wait(response.json())
    assert job["status"] == "succeeded"
    lines = of_request(machine, "order-17", lines=3)
    assert [(line["process"], line["message"]) for line in lines] == [
        ("api", "request answered"),
        ("worker", "stage done"),
        ("worker", "job over"),
    ]
    answered, *worked = lines
    assert {line["job"] for line in worked} == {job["id"]}
    assert answered["subject"] == answered["job"] == job["id"]
    assert (answered["method"], answered["route"], answered["status"]) == ("POST", "/jobs", 202)
    assert answered["ms"] > 0


def test_a_large_request_keeps_its_id(machine: Deployment) -> None:
    """It is prepared in a thread of its own."""
    body = {"services": FOUR[:1], "sample": {**v2_sample(), "note": ["x"] * 20_000}}
    response = machine.client.post("/jobs", json=body, headers={"X-Request-ID": "large-1"})
    machine.wait(response.json())
    assert {line["process"] for line in of_request(machine, "large-1", lines=2)} == {"api", "worker"}


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, 'quote"', "ümlaut".encode()])
def test_an_id_that_is_out_of_bounds_is_replaced(machine: Deployment, given: str | bytes) -> None:
    answered = machine.client.get("/services", headers={"X-Request-ID": given})
    made = answered.headers["X-Request-ID"]
    assert len(made) == 32
    assert of_request(machine, made)[0]["route"] == "/services"


def test_a_route_is_logged_by_its_template(machine: Deployment) -> None:
    unknown = "00000000-0000-0000-0000-000000000000"
    asked = machine.client.get(f"/jobs/{unknown}?wait=0", headers={"X-Request-ID": "read-1"})
    assert asked.status_code == 404
    (line,) = of_request(machine, "read-1")
    assert (line["route"], line["status"], line["subject"]) == ("/jobs/{job_id}", 404, unknown)
    missing = machine.client.get("/secret/path", headers={"X-Request-ID": "read-2"})
    assert missing.status_code == 404
    (line,) = of_request(machine, "read-2")
    assert "route" not in line
    assert "secret" not in machine.log.read_text()


def test_head_is_logged_as_head(machine: Deployment) -> None:
    assert machine.client.head("/services", headers={"X-Request-ID": "head-1"}).status_code == 200
    assert [(line["method"], line["status"]) for line in of_request(machine, "head-1")] == [("HEAD", 200)]


def test_every_line_is_json_and_names_its_process(machine: Deployment) -> None:
    """`entries` parses all of them, also those of libraries."""
    written = entries(machine)
    assert {"api", "worker"} <= {entry["process"] for entry in written}
    assert all({"time", "level", "logger", "message", "pid"} <= set(entry) for entry in written)
    assert any(entry["logger"].startswith("celery") for entry in written)


def test_the_line_of_a_request_names_the_key_by_its_id_and_the_end_of_a_stack_is_json_too(deploy: Deploy) -> None:
    with deploy(FACELINE_LOG_FORMAT="json") as machine:
        token = administration(machine.stack.redis_url).create("someone", [Scope.READ])
        headers = {"Authorization": f"Bearer {token.reveal()}", "X-Request-ID": "key-1"}
        assert machine.client.get("/services", headers=headers).status_code == 200
    messages = {entry["message"].partition(" [")[0] for entry in entries(machine)}
    assert {"worker ends: it takes no more messages, and finishes its stages", "Finished server process"} <= messages
    assert [line["key"] for line in of_request(machine, "key-1")] == [token.id]
    assert token.reveal() not in machine.log.read_text()


def test_requests_are_not_logged_where_the_operator_does_not_want_it(deploy: Deploy) -> None:
    with deploy(workers=[], FACELINE_ACCESS_LOG="false") as quiet:
        assert quiet.client.get("/services").headers["X-Request-ID"]
    assert "request answered" not in quiet.log.read_text()


def test_a_synchronous_request_and_its_job_share_the_id(machine: Deployment) -> None:
    answered = machine.client.post(
        "/face-detector-face-fitter/v2/process/sample", json=v2_sample(), headers={"X-Request-ID": "sync-1"}
    )
    assert answered.status_code == 200
    lines = of_request(machine, "sync-1", lines=2)
    assert {line["process"] for line in lines} == {"api", "worker"}
    assert base64_photo()[1000:1050] not in machine.log.read_text()


def test_the_jobs_of_a_batch_keep_the_id_of_its_request(machine: Deployment) -> None:
    lines = json.dumps({"custom_id": "one", "services": FOUR[:1], "sample": v2_sample()})
    batch = machine.client.post(
        "/batches", content=lines, headers={"Content-Type": "application/x-ndjson", "X-Request-ID": "batch-1"}
    ).json()
    machine.client.get(f"/batches/{batch['id']}?wait=30")
    # The intake has a line of its own, and the job may be over before the request is answered.
    lines_of = {line["message"]: line for line in of_request(machine, "batch-1", lines=3)}
    answered, worked = lines_of["request answered"], lines_of["job over"]
    assert (answered["route"], answered["subject"]) == ("/batches", batch["id"])
    assert worked["process"] == "worker"


def test_the_line_of_a_webhook_has_the_ids_of_its_request_and_its_job(machine: Deployment) -> None:
    with running_receiver() as hook:
        body = {"services": FOUR[:1], "sample": v2_sample(), "webhook": {"url": hook.url}}
        job = machine.client.post("/jobs", json=body, headers={"X-Request-ID": "hook-1"}).json()
        hook.wait(1)
        lines = of_request(machine, "hook-1", lines=3)
    delivered = [line for line in lines if line["process"] == "webhooks"]
    assert [(line["message"], line["job"]) for line in delivered] == [("webhook delivered", job["id"])]
    assert "hush" not in machine.log.read_text()


def test_a_lookup_has_the_job_on_its_line(machine: Deployment) -> None:
    job = machine.submit(FOUR[:1], v2_sample())
    machine.wait(job)
    assert machine.client.get(f"/jobs/{job['id']}", headers={"X-Request-ID": "look-1"}).status_code == 200
    assert [line["job"] for line in of_request(machine, "look-1")] == [job["id"]]


def test_the_lines_of_a_deployment_whose_processes_die_are_json_too(deploy: Deploy) -> None:
    with deploy(FACELINE_LOG_FORMAT="json") as machine:
        supervisor = machine.stack.supervisor
        faults = {"worker": signal.SIGSEGV, "webhooks": signal.SIGABRT, "server": signal.SIGKILL}
        for role, number in faults.items():
            (pid,) = supervisor.pids(role)
            os.kill(pid, number)
            deadline = monotonic() + 60
            while supervisor.pids(role) == [pid]:
                machine.stack.check()
                assert monotonic() < deadline
                sleep(0.02)
        deadline = monotonic() + 60
        while not machine.client.get("/readyz").is_success:
            machine.stack.check()
            assert monotonic() < deadline
            sleep(0.2)
    written = entries(machine)
    died = {entry["process"]: entry["message"] for entry in written if entry["message"].startswith("died")}
    assert died.keys() == faults.keys()
    assert all(number.name in died[role] for role, number in faults.items())
    assert {entry["level"] for entry in written if entry["message"].startswith("died")} == {"ERROR"}


@pytest.mark.parametrize(
    ("command", "environment", "reason"),
    [
        (["cli.main", "up"], {"FACELINE_NOSUCH": "1"}, "FACELINE_NOSUCH is not a setting"),
        (["cli.main", "up"], {"FACELINE_WEIGHTS_DIR": "/nowhere"}, "faceline weights pull"),
        (["embedded.process", "worker", "matching"], {"FACELINE_NOSUCH": "1"}, "FACELINE_NOSUCH is not a setting"),
        (["embedded.process", "worker", "recognition"], {"FACELINE_WEIGHTS_DIR": "/nowhere"}, "faceline weights pull"),
        (["embedded.process", "webhooks"], {"FACELINE_SECRETS__ENCRYPTION_KEYS": "x"}, "write ID:KEY"),
        (["embedded.process", "waiter"], {}, "there is no role waiter"),
    ],
)
def test_a_process_that_cannot_start_says_so_in_json(
    command: list[str], environment: dict[str, str], reason: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", *command],
        env={**os.environ, "FACELINE_LOG_FORMAT": "json", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    (failed,) = [line for line in lines if line["level"] in ("ERROR", "CRITICAL")]
    assert reason in failed["reason"]
