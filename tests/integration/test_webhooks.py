"""Webhooks with real receivers: an API and a process that sends messages, on the server of the test run.

Jobs are ended as workers end them, by `JobStore.finish`; one test runs a whole deployment.
"""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryFile
from time import monotonic, sleep, time
from typing import IO, Any

import httpx
import pytest

from access.key import Scope
from access.webhook_secrets import SECRETS, WebhookSecrets, new_secret
from config.settings import JobSettings
from embedded.ports import free_port
from embedded.probe import problem
from jobs.job import Ending, JobStatus
from jobs.redis.connection import connect
from jobs.redis.encryption import PLAIN
from jobs.redis.jobs import RedisJobStore
from pipelines.chunk import Failure
from tests.integration.api_process import administration, running_api
from tests.integration.conftest import FOUR, Deploy, v2_sample
from tests.integration.receiver import Receiver, running_receiver, status
from tests.waiting import until

SECRET = new_secret()
LINES = {"Content-Type": "application/x-ndjson"}
QUICK = {
    "FACELINE_WEBHOOKS__SECRET": SECRET,
    "FACELINE_WEBHOOKS__FIRST_RETRY_S": "0.2",
    "FACELINE_WEBHOOKS__TIMEOUT_S": "1",
    "FACELINE_LOG_LEVEL": "DEBUG",
}
LOCAL = {**QUICK, "FACELINE_WEBHOOKS__ALLOW": "127.0.0.1"}

Json = dict[str, Any]


@contextmanager
def running_webhooks(server_url: str, **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Starts the process that sends messages, and ends it. No URL is in its log."""
    with TemporaryFile("w+") as log:
        command = [sys.executable, "-P", "-m", "embedded.process", "webhooks"]
        environ = {**os.environ, "FACELINE_REDIS_URL": server_url, **environment}
        with subprocess.Popen(command, env=environ, stderr=log) as process:
            try:
                yield process
            finally:
                process.terminate()
                process.wait(60)
                text = _read(log)
    assert "Traceback" not in text, text
    assert "hush" not in text


def _read(log: IO[str]) -> str:
    log.seek(0)
    return log.read()


@dataclass(frozen=True)
class Api:
    """An API, with the store that its jobs are in."""

    client: httpx.Client
    store: RedisJobStore

    def submit(self, url: str, headers: dict[str, str] | None = None, **webhook: Any) -> str:
        """Submits a job with a webhook, and gives its id."""
        body = {"services": FOUR[:1], "sample": v2_sample(), "webhook": {"url": url, **webhook}}
        response = self.client.post("/jobs", json=body, headers=headers)
        assert response.status_code == 202, response.text
        assert response.json()["webhook"]["status"] == "waiting"
        return str(response.json()["id"])

    def end(self, job_id: str, failure: Failure | None = None) -> None:
        """Ends a job as a worker does."""
        job = self.store.find(job_id)
        assert job is not None
        ending = Ending(JobStatus.FAILED, failure=failure or Failure(service=None, type="x", message="y"))
        assert self.store.finish(job.spec, ending, {}, self.store.now())

    def submit_and_end(self, url: str, **webhook: Any) -> str:
        """A job that is over."""
        job_id = self.submit(url, **webhook)
        self.end(job_id)
        return job_id

    def delivery(self, path: str, *expected: str) -> Json:
        """The delivery of a job or batch, once it has a status, or an error in it, as expected."""
        deadline = monotonic() + 60
        while True:
            delivery: Json = self.client.get(path).json()["webhook"]
            if delivery["status"] in expected or any(text in (delivery["last_error"] or "") for text in expected):
                return delivery
            assert monotonic() < deadline, delivery
            sleep(0.05)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as running:
        yield running


@pytest.fixture(scope="module")
def api(server_url: str) -> Iterator[Api]:
    client = connect(server_url, patience_s=1)
    client.flushdb()  # type: ignore[attr-defined]
    # Batches of tests before are not to be counted.
    with running_api(server_url, **LOCAL) as http:
        yield Api(http, RedisJobStore(client, JobSettings()))


def test_a_receiver_gets_a_message_that_the_library_verifies(api: Api, server_url: str, receiver: Receiver) -> None:
    job_id = api.submit_and_end(receiver.url)
    with running_webhooks(server_url, FACELINE_WEBHOOKS__API_URL="https://faces.example/", **LOCAL):
        (received,) = receiver.wait(1)
        delivery = api.delivery(f"/jobs/{job_id}", "delivered")
    assert delivery == {"status": "delivered", "attempts": 1, "last_error": None, "next_at": None}
    message = received.verify(SECRET)
    assert received.path == "/hook?token=hush"
    assert received.headers["webhook-id"] == f"msg_{job_id}"
    assert message["type"] == "job.failed"
    assert message["data"] == {"id": job_id, "status": "failed", "url": f"https://faces.example/jobs/{job_id}"}
    # The URL is gone, though the job is still there.
    assert api.store._redis.get(f"faceline:webhook:{job_id}") is None


def test_a_message_that_gets_an_error_twice_comes_a_third_time(api: Api, server_url: str, receiver: Receiver) -> None:
    receiver.answers += [status(500), status(503)]
    job_id = api.submit_and_end(receiver.url)
    with running_webhooks(server_url, **LOCAL):
        requests = receiver.wait(3)
        delivery = api.delivery(f"/jobs/{job_id}", "delivered")
    assert delivery["attempts"] == 3
    assert {request.headers["webhook-id"] for request in requests} == {f"msg_{job_id}"}
    assert len({request.body for request in requests}) == 1
    for request in requests:
        request.verify(SECRET)


def test_a_busy_receiver_gets_the_message_when_it_asks_for_it(api: Api, server_url: str, receiver: Receiver) -> None:
    receiver.answers += [status(429, **{"Retry-After": "1800"}), status(503, **{"Retry-After": "1800"})]
    patient, bounded = api.submit_and_end(receiver.url), api.submit(receiver.url)
    with running_webhooks(server_url, **LOCAL):
        asked = api.delivery(f"/jobs/{patient}", "429")
        assert datetime.fromisoformat(asked["next_at"]) > datetime.now(UTC) + timedelta(minutes=25)
    api.end(bounded)
    with running_webhooks(server_url, FACELINE_WEBHOOKS__LONGEST_RETRY_S="0.3", **LOCAL):
        assert api.delivery(f"/jobs/{bounded}", "delivered")["attempts"] == 2
    assert api.client.delete(f"/jobs/{patient}").status_code == 204


def test_a_receiver_that_hangs_is_left_after_a_while_and_holds_up_no_other_message(
    api: Api, server_url: str, receiver: Receiver
) -> None:
    receiver.answers += [receiver.hang, receiver.hang]
    hanging = api.submit_and_end(receiver.url)
    with running_webhooks(server_url, **LOCAL), running_receiver() as other:
        receiver.wait(1)
        quick = api.submit_and_end(other.url)
        other.wait(1)
        assert len(receiver.received) <= 3
        assert api.delivery(f"/jobs/{hanging}", "no answer")["last_error"] == "no answer within 1 s"
        assert api.delivery(f"/jobs/{quick}", "delivered")["attempts"] == 1
        assert api.delivery(f"/jobs/{hanging}", "delivered")["attempts"] == 3


def test_a_message_whose_process_is_killed_midway_comes_again_with_its_id(
    api: Api, server_url: str, receiver: Receiver
) -> None:
    receiver.answers.append(receiver.hang)
    job_id = api.submit_and_end(receiver.url)
    with running_webhooks(server_url, **{**LOCAL, "FACELINE_WEBHOOKS__TIMEOUT_S": "5"}) as process:
        receiver.wait(1)
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    assert api.client.get(f"/jobs/{job_id}").json()["webhook"]["status"] == "pending"
    with running_webhooks(server_url, **LOCAL):
        first, second = receiver.wait(2)
        assert api.delivery(f"/jobs/{job_id}", "delivered")["attempts"] == 1
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


def test_redirects_are_not_followed(api: Api, server_url: str, receiver: Receiver) -> None:
    receiver.answers.append(status(307, Location="/elsewhere"))
    job_id = api.submit_and_end(receiver.url)
    with running_webhooks(server_url, **LOCAL):
        delivery = api.delivery(f"/jobs/{job_id}", "redirects")
        assert delivery["attempts"] == 1
        assert delivery["next_at"]
        assert {request.path for request in receiver.wait(2)} == {"/hook?token=hush"}


def test_a_receiver_that_is_gone_gets_no_second_message(api: Api, server_url: str, receiver: Receiver) -> None:
    receiver.answers.append(status(410))
    job_id = api.submit_and_end(receiver.url)
    with running_webhooks(server_url, **LOCAL):
        delivery = api.delivery(f"/jobs/{job_id}", "failed")
    assert delivery == {"status": "failed", "attempts": 1, "last_error": "the answer was 410", "next_at": None}


def test_a_message_that_is_not_accepted_for_too_long_is_given_up(api: Api, server_url: str, receiver: Receiver) -> None:
    receiver.answers += [status(500)] * 100
    job_id = api.submit_and_end(receiver.url)
    with running_webhooks(server_url, FACELINE_WEBHOOKS__GIVE_UP_S="2", **LOCAL):
        assert api.delivery(f"/jobs/{job_id}", "failed")["last_error"] == "the answer was 500"
    assert api.store._redis.get(f"faceline:webhook:{job_id}") is None


def test_names_that_resolve_to_this_machine_are_refused_unless_a_setting_allows_them(
    api: Api, server_url: str, receiver: Receiver
) -> None:
    job_id = api.submit_and_end(f"https://localhost:{receiver.port}/hook?token=hush")
    with running_webhooks(server_url, **QUICK):
        delivery = api.delivery(f"/jobs/{job_id}", "public")
    assert delivery["last_error"] == "the host is not on a public address"
    assert receiver.received == []


@pytest.mark.parametrize(
    ("url", "loc"),
    [
        ("http://example.org/hook", ["body", "webhook", "url"]),
        ("https://10.0.0.1/hook", ["body", "webhook", "url"]),
        ("https://[::ffff:169.254.169.254]/hook", ["body", "webhook", "url"]),
        ("nonsense", ["body", "webhook", "url"]),
    ],
)
def test_urls_that_cannot_be_allowed_are_refused_at_once(api: Api, url: str, loc: list[str]) -> None:
    body = {"services": FOUR[:1], "sample": v2_sample(), "webhook": {"url": url}}
    response = api.client.post("/jobs", json=body)
    assert response.status_code == 422
    assert [entry["loc"] for entry in response.json()["detail"]] == [loc]
    header = {**LINES, "Faceline-Webhook": json.dumps({"url": url})}
    assert api.client.post("/batches", content=b"{}\n", headers=header).status_code == 422


def test_nothing_is_sent_about_an_erased_job(api: Api, server_url: str, receiver: Receiver) -> None:
    receiver.answers.append(status(500))
    never, once = api.submit(receiver.url), api.submit_and_end(receiver.url)
    ended = api.submit_and_end(receiver.url)
    for job_id in (never, ended):
        assert api.client.delete(f"/jobs/{job_id}").status_code == 204
    # Its second attempt is far enough away to be before it.
    with running_webhooks(server_url, **{**LOCAL, "FACELINE_WEBHOOKS__FIRST_RETRY_S": "3"}):
        api.delivery(f"/jobs/{once}", "500")
        assert api.client.delete(f"/jobs/{once}").status_code == 204
        last = api.submit_and_end(receiver.url)
        api.delivery(f"/jobs/{last}", "delivered")
        _wait_until_done(api, f"job {ended}", f"job {once}")
    assert [request.headers["webhook-id"] for request in receiver.received] == [f"msg_{once}", f"msg_{last}"]
    for job_id in (never, once, ended):
        assert api.store._redis.get(f"faceline:webhook:{job_id}") is None


def test_nothing_is_sent_about_what_a_key_has_erased(server_url: str, receiver: Receiver) -> None:
    client: Any = connect(server_url, patience_s=1)
    client.flushdb()
    secret, tokens = WebhookSecrets(client, PLAIN).create("shop"), administration(server_url)
    shop, other = ({"Authorization": f"Bearer {tokens.create(name).reveal()}"} for name in ("shop", "other"))
    WebhookSecrets(client, PLAIN).create("other")
    # An attempt has failed, and the second one is far enough away to be after the erasure.
    slowly = {**LOCAL, "FACELINE_WEBHOOKS__FIRST_RETRY_S": "3"}
    with running_api(server_url, **LOCAL) as http, running_webhooks(server_url, **slowly) as process:
        api = Api(http, RedisJobStore(client, JobSettings()))
        receiver.answers.append(status(500))
        failed_once = api.submit(receiver.url, shop)
        api.end(failed_once)
        receiver.wait(1)
        http.headers.update(shop)
        api.delivery(f"/jobs/{failed_once}", "500")
        process.send_signal(signal.SIGSTOP)
        never, ended, canceled = (api.submit(receiver.url, shop) for _ in range(3))
        api.end(ended)
        http.post(f"/jobs/{canceled}/cancel").raise_for_status()
        header = {**LINES, "Faceline-Webhook": json.dumps({"url": receiver.url})}
        batch = http.post("/batches", content=b'{"custom_id": "a"}\n', headers=header).raise_for_status().json()["id"]
        kept = api.submit(receiver.url, other)
        erased = http.delete("/jobs", params={"everything": "true"}).raise_for_status().json()
        assert erased == {"jobs": 4, "batches": 1}
        process.send_signal(signal.SIGCONT)
        api.end(kept)
        receiver.wait(2)
        _wait_until_done(api, *(f"job {job}" for job in (failed_once, never, ended, canceled, kept)), f"batch {batch}")
    assert [request.headers["webhook-id"] for request in receiver.received] == [f"msg_{failed_once}", f"msg_{kept}"]
    receiver.received[0].verify(secret)
    assert client.keys("faceline:webhook:*") == []
    client.flushdb()


def test_a_url_does_not_outlive_the_result(api: Api, server_url: str, receiver: Receiver) -> None:
    body = {"services": FOUR[:1], "sample": v2_sample(), "ttl_s": 1, "webhook": {"url": receiver.url}}
    job_id = api.client.post("/jobs", json=body).json()["id"]
    api.end(job_id)
    sleep(1.5)
    assert api.store._redis.get(f"faceline:webhook:{job_id}") is None
    with running_webhooks(server_url, **LOCAL):
        delivery = api.delivery(f"/jobs/{job_id}", "expired")
    assert delivery["next_at"] is None
    assert receiver.received == []


def test_events_that_were_not_asked_for_are_not_sent(api: Api, server_url: str, receiver: Receiver) -> None:
    skipped = api.submit_and_end(receiver.url, events=["job.succeeded"])
    canceled = api.submit(receiver.url, events=["job.canceled"])
    api.client.post(f"/jobs/{canceled}/cancel")
    with running_webhooks(server_url, **LOCAL):
        assert api.delivery(f"/jobs/{skipped}", "skipped")["attempts"] == 0
        assert api.delivery(f"/jobs/{canceled}", "delivered")
    assert [request.verify(SECRET)["type"] for request in receiver.received] == ["job.canceled"]


def test_the_end_of_a_batch_is_a_message(api: Api, server_url: str, receiver: Receiver) -> None:
    header = {**LINES, "Faceline-Webhook": json.dumps({"url": receiver.url, "events": ["batch.completed"]})}
    # No worker runs: each request is refused, or waits.
    done = api.client.post("/batches", content=b'{"custom_id": "a"}\n', headers=header).json()
    line = {"custom_id": "b", "services": FOUR[:1], "sample": v2_sample()}
    response = api.client.post("/batches", content=json.dumps(line).encode(), headers=header)
    assert response.json()["webhook"]["status"] == "waiting"
    waiting = response.json()["id"]
    with running_webhooks(server_url, **LOCAL):
        assert api.delivery(f"/batches/{done['id']}", "delivered")["attempts"] == 1
        (received,) = receiver.wait(1)
        message = received.verify(SECRET)
        assert message["type"] == "batch.completed"
        assert message["data"] == {"id": done["id"], "status": "completed", "url": f"/batches/{done['id']}"}
        assert api.client.get(f"/batches/{waiting}").json()["webhook"]["status"] == "waiting"
        assert api.client.delete(f"/batches/{waiting}").status_code == 204
        _wait_until_done(api, f"batch {waiting}")
    assert len(receiver.received) == 1


def test_while_a_secret_is_replaced_both_sign(api: Api, server_url: str, receiver: Receiver) -> None:
    new = new_secret()
    api.submit_and_end(receiver.url)
    with running_webhooks(server_url, **{**LOCAL, "FACELINE_WEBHOOKS__SECRET": f"{SECRET}, {new}"}):
        (received,) = receiver.wait(1)
    assert received.verify(SECRET) == received.verify(new)


def test_each_name_of_a_key_has_a_secret_of_its_own(server_url: str, receiver: Receiver) -> None:
    client = connect(server_url, patience_s=1)
    client.flushdb()  # type: ignore[attr-defined]
    token = administration(server_url).create("shop").reveal()
    key = {"Authorization": f"Bearer {token}"}
    secrets = WebhookSecrets(client, PLAIN)
    with running_api(server_url, **LOCAL) as http, running_webhooks(server_url, **LOCAL):
        http.headers.update(key)
        api = Api(http, RedisJobStore(client, JobSettings()))
        body = {"services": FOUR[:1], "sample": v2_sample(), "webhook": {"url": receiver.url}}
        refused = http.post("/jobs", json=body)
        assert refused.status_code == 422
        assert refused.json()["detail"][0]["type"] == "secret_missing"
        old = secrets.create("shop")
        new = secrets.rotate("shop", grace_s=3600)
        api.submit_and_end(receiver.url)
        (received,) = receiver.wait(1)
        assert received.verify(old) == received.verify(new)
        with pytest.raises(Exception, match="No matching signature"):
            received.verify(SECRET)
        assert old.encode() not in received.body
        writer = administration(server_url).create("writer", [Scope.JOBS]).reveal()
        secrets.create("writer")
        for webhook, status_code in ((body["webhook"], 202), ({"url": receiver.url, "include": "result"}, 403)):
            sent = {**body, "webhook": webhook}
            headers = {"Authorization": f"Bearer {writer}"}
            assert http.post("/jobs", json=sent, headers=headers).status_code == status_code
    client.flushdb()  # type: ignore[attr-defined]


def test_a_replaced_secret_leaves_the_store_and_the_file_of_the_probe_is_renewed(
    server_url: str, tmp_path: Path
) -> None:
    client: Any = connect(server_url, patience_s=1)
    secrets = WebhookSecrets(client, PLAIN)
    old, new = secrets.create("shop"), secrets.rotate("shop", grace_s=0.1)
    alive = tmp_path / "alive"
    with running_webhooks(server_url, FACELINE_ALIVE_FILE=str(alive), **LOCAL):
        until(lambda: old.encode() not in client.hget(SECRETS, "shop") and alive.exists())
        assert new.encode() in client.hget(SECRETS, "shop")
        assert problem(alive, consuming=False, now=time()) is None
    secrets.revoke("shop")


def test_the_receiver_of_the_documentation_accepts_messages(api: Api, server_url: str, tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()
    (program,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    port = free_port()
    file = tmp_path / "receiver.py"
    file.write_text(program.replace("9000", str(port)))
    environ = {**os.environ, "WEBHOOK_SECRET": SECRET, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen([sys.executable, file], env=environ, stdout=subprocess.PIPE, text=True) as process:
        try:
            job_id = api.submit_and_end(f"http://127.0.0.1:{port}/")
            with running_webhooks(server_url, **LOCAL):
                api.delivery(f"/jobs/{job_id}", "delivered")
            assert process.stdout is not None
            assert process.stdout.readline() == f"job.failed /jobs/{job_id}\n"
        finally:
            process.terminate()


@pytest.mark.stack
def test_a_whole_deployment_sends_results_and_the_end_of_batches(deploy: Deploy, receiver: Receiver) -> None:
    with deploy(**LOCAL) as running:
        webhook = {"url": receiver.url, "include": "result"}
        job = running.submit(FOUR, v2_sample(), webhook=webhook)
        (received,) = receiver.wait(1)
        message = received.verify(SECRET)
        assert message["type"] == "job.succeeded"
        assert message["data"]["result"] == running.wait(job)["result"]
        line = {"custom_id": "a", "services": FOUR[:1], "sample": v2_sample()}
        header = {**LINES, "Faceline-Webhook": json.dumps({"url": receiver.url})}
        batch = running.client.post("/batches", content=json.dumps(line).encode(), headers=header).json()
        message = receiver.wait(2)[1].verify(SECRET)
        assert (message["type"], message["data"]["id"]) == ("batch.completed", batch["id"])
        log = running.log.read_text()
    assert f"job {job['id']}" in log
    assert "hush" not in log


def _wait_until_done(api: Api, *subjects: str) -> None:
    """Waits until some jobs and batches are looked at no more."""
    deadline = time() + 60
    while set(api.store._redis.zrange("faceline:webhooks:due", 0, -1)) & {subject.encode() for subject in subjects}:
        assert time() < deadline
        sleep(0.1)
