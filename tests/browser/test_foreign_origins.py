"""What pages of other sites get from a real browser: they can read nothing of a deployment, and change nothing in it.

The API asks for no key, as on a user's own machine: only the checks of the browser and of the API protect it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import time
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page

from access.audit import Action, AuditStream
from jobs.redis.connection import connect
from tests.integration.api_process import running_api
from tests.integration.conftest import FOUR, v2_sample
from tests.integration.relay import Relay
from tests.waiting import until

SITE = "evil.example"
REMARK = "a very private remark"
PAGE = "<!doctype html><title>A page of another site</title>"
SANDBOXED = f"{PAGE}<iframe sandbox='allow-scripts allow-forms' srcdoc='<p>An opaque origin'></iframe>"

ATTEMPTS = """async ([api, job]) => {
  const json = JSON.stringify({services: ["face-detector-face-fitter"], sample: {note: "foreign"}});
  const form = () => {
    const data = new FormData();
    data.append("image", new Blob([new Uint8Array(9)], {type: "image/png"}), "photo.png");
    data.append("services", "face-detector-face-fitter");
    return data;
  };
  const paths = ["/jobs", `/jobs/${job}`, `/jobs/${job}/result`, `/jobs/${job}/picture`, "/batches", "/services",
                 "/version", "/metrics"];
  const tries = paths.flatMap((path) => [[path, {}], [path, {mode: "no-cors"}], [path, {credentials: "include"}]]);
  for (const mode of ["cors", "no-cors"]) {
    tries.push(
      ["/jobs", {mode, method: "POST", body: json, headers: {"Content-Type": "text/plain"}}],
      ["/jobs", {mode, method: "POST", body: new URLSearchParams({json})}],
      ["/jobs/image", {mode, method: "POST", body: form()}],
      ["/verify", {mode, method: "POST", body: form()}],
      [`/jobs/${job}/cancel`, {mode, method: "POST"}],
      ["/faceapi/v1/face_age_detection", {mode, method: "POST", body: json}],
    );
  }
  tries.push(
    ["/jobs", {method: "POST", body: json, headers: {"Content-Type": "application/json"}}],
    ["/batches", {method: "POST", body: json, headers: {"Content-Type": "application/x-ndjson"}}],
    [`/jobs/${job}`, {method: "DELETE"}],
    ["/jobs?everything=true", {method: "DELETE"}],
  );
  const outcomes = [];
  for (const [path, options] of tries) {
    const name = `${options.method ?? "GET"} ${path} ${options.mode ?? "cors"}`;
    try {
      const answer = await fetch(api + path, options);
      outcomes.push({name, type: answer.type, status: answer.status, text: await answer.text()});
    } catch (error) {
      outcomes.push({name, type: "error", status: 0, text: String(error)});
    }
  }
  navigator.sendBeacon(api + "/jobs", json);
  for (const tag of ["script", "img", "link"]) {
    const loaded = await new Promise((resolve) => {
      const element = document.createElement(tag);
      element.onload = () => resolve("loaded");
      element.onerror = () => resolve("error");
      if (tag === "link") element.rel = "stylesheet";
      element[tag === "link" ? "href" : "src"] = `${api}/jobs`;
      document.body.append(element);
    });
    outcomes.push({name: `<${tag}>`, type: loaded, status: 0, text: ""});
  }
  return outcomes;
}"""

FORM = """([action, encoding, fields]) => {
  const form = document.createElement("form");
  Object.assign(form, {action, method: "post", enctype: encoding});
  for (const [name, value] of fields) {
    const input = document.createElement("input");
    Object.assign(input, {name, value});
    form.append(input);
  }
  if (encoding === "multipart/form-data") {
    const photo = document.createElement("input"), files = new DataTransfer();
    files.items.add(new File([new Uint8Array(9)], "photo.png", {type: "image/png"}));
    Object.assign(photo, {type: "file", name: "image", files: files.files});
    form.append(photo);
  }
  document.body.append(form);
  form.submit();
}"""


@dataclass(frozen=True)
class Target:
    """An API with a job in it."""

    client: httpx.Client
    redis: Any
    job: str

    @property
    def url(self) -> str:
        """Of the API."""
        return str(self.client.base_url).rstrip("/")

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """The store has the same before and after the body, except for the audit, which records the refusals."""
        before = self._kept()
        assert any(self.job.encode() in name for name in before)
        yield
        assert [job["id"] for job in self.client.get("/jobs").raise_for_status().json()["jobs"]] == [self.job]
        assert self._kept() == before

    @contextmanager
    def refuses(self, status: int) -> Iterator[list[dict[str, Any]]]:
        """The body adds the outcomes of attempts; each of them was a request that the API refused."""
        stream, since, outcomes = AuditStream(self.redis, 10_000), time(), list[dict[str, Any]]()
        yield outcomes
        # One more than the outcomes: the beacon has none.
        until(lambda: len(list(stream.since(since))) > len(outcomes))
        assert {(entry.action, entry.status) for entry in stream.since(since)} == {(Action.REFUSED, status)}

    def _kept(self) -> dict[bytes, bytes]:
        return {name: self.redis.dump(name) for name in self.redis.keys("*") if name != b"faceline:audit"}


@contextmanager
def target(server_url: str, **environment: str) -> Iterator[Target]:
    redis: Any = connect(server_url, patience_s=1)
    redis.flushdb()
    with running_api(server_url, **environment) as client:
        body = {"services": FOUR[:1], "sample": v2_sample(), "metadata": {"note": REMARK}}
        job = client.post("/jobs", json=body).raise_for_status().json()["id"]
        yield Target(client, redis, job)
    redis.flushdb()


@pytest.fixture(scope="module")
def api(server_url: str) -> Iterator[Target]:
    with target(server_url) as there:
        yield there


@pytest.fixture(scope="module")
def site() -> Iterator[int]:
    """The port of a server of another site."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = (SANDBOXED if self.path == "/sandboxed" else PAGE).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


def rebound(page: Page, there: Target, site: int) -> list[dict[str, Any]]:
    """What a page gets whose name leads to the API once the page is loaded."""
    with Relay(site) as relay:
        page.goto(f"http://{SITE}:{relay.port}/")
        relay.target = there.client.base_url.port or 80
        outcomes: list[dict[str, Any]] = page.evaluate(ATTEMPTS, ["", there.job])
    return outcomes


def test_a_rebound_name_reads_and_changes_nothing(page: Page, api: Target, site: int) -> None:
    with api.unchanged(), api.refuses(421) as outcomes:
        outcomes += rebound(page, api, site)
    asked = [outcome for outcome in outcomes if not outcome["name"].startswith("<")]
    assert {(outcome["type"], outcome["status"]) for outcome in asked} == {("basic", 421)}
    assert_nothing_was_read(outcomes, api)


@pytest.mark.parametrize("host", [SITE, "localhost", "127.0.0.1"])
def test_a_page_of_another_origin_reads_and_changes_nothing(page: Page, api: Target, site: int, host: str) -> None:
    page.goto(f"http://{host}:{site}/")
    with api.unchanged(), api.refuses(403) as outcomes:
        outcomes += page.evaluate(ATTEMPTS, [api.url, api.job])
    assert {outcome["type"] for outcome in outcomes} == {"error"}
    assert_nothing_was_read(outcomes, api)


def test_a_page_without_an_origin_reads_and_changes_nothing(page: Page, api: Target, site: int) -> None:
    page.goto(f"http://{SITE}:{site}/sandboxed")
    _, inner = page.frames
    assert inner.evaluate("self.origin") == "null"
    with api.unchanged(), api.refuses(403) as outcomes:
        outcomes += inner.evaluate(ATTEMPTS, [api.url, api.job])
    assert {outcome["type"] for outcome in outcomes} == {"error"}
    assert_nothing_was_read(outcomes, api)


@pytest.mark.parametrize(
    ("path", "encoding", "fields"),
    [
        ("/jobs/image", "multipart/form-data", [["services", "face-detector-face-fitter"]]),
        ("/jobs", "text/plain", [['{"services": ["face-detector-face-fitter"], "sample": {"note": "', '"}}']]),
        ("/jobs", "application/x-www-form-urlencoded", [["services", "face-detector-face-fitter"]]),
        ("/jobs/{job}/cancel", "application/x-www-form-urlencoded", []),
    ],
)
def test_a_foreign_form_changes_nothing(
    page: Page, api: Target, site: int, path: str, encoding: str, fields: list[list[str]]
) -> None:
    page.goto(f"http://{SITE}:{site}/")
    with api.unchanged(), page.expect_navigation() as navigation:
        page.evaluate(FORM, [api.url + path.format(job=api.job), encoding, fields])
    answer = navigation.value
    assert answer is not None
    assert (answer.request.method, answer.status, answer.json()["type"]) == ("POST", 403, "origin_not_allowed")


def test_no_page_of_the_api_can_be_framed_or_reached_as_a_window(page: Page, api: Target, site: int) -> None:
    page.goto(f"http://{SITE}:{site}/")
    for path in ("/", "/docs", "/jobs"):
        page.evaluate(
            "address => new Promise(done => { const frame = document.createElement('iframe');"
            " frame.onload = done; frame.src = address; document.body.append(frame); })",
            api.url + path,
        )
        while not page.frames[-1].url:
            page.wait_for_timeout(20)
        assert page.frames[-1].url.startswith("chrome-error:"), path
    with page.expect_popup() as opened:
        page.evaluate("address => { window.other = window.open(address) }", f"{api.url}/")
    opened.value.wait_for_load_state()
    page.wait_for_function("window.other.closed")


def test_our_own_page_and_pages_that_an_operator_lets_in_are_answered(page: Page, server_url: str, site: int) -> None:
    """The attempts are real ones: where they are allowed, they read and change the deployment."""
    allowed = {"FACELINE_BROWSERS__HOSTS": SITE, "FACELINE_BROWSERS__ORIGINS": f"http://{SITE}:{site}"}
    with target(server_url, **allowed) as there:
        page.goto(f"{there.url}/docs")
        assert there.job in page.evaluate("() => fetch('/jobs').then(answer => answer.text())")
        page.goto(f"http://{SITE}:{site}/")
        read = page.evaluate("api => fetch(`${api}/jobs`).then(answer => answer.text())", there.url)
        assert there.job in read
        outcomes = rebound(page, there, site)
        assert any(REMARK in outcome["text"] for outcome in outcomes)
        assert there.client.get("/jobs").json()["jobs"] == []


def assert_nothing_was_read(outcomes: list[dict[str, Any]], there: Target) -> None:
    assert len(outcomes) > 30
    text = str([outcome["text"] for outcome in outcomes])
    assert there.job not in text
    assert REMARK not in text
    assert {outcome["type"] for outcome in outcomes if outcome["name"].startswith("<")} == {"error"}
