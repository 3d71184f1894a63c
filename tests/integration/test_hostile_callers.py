"""Callers that send too much, too slowly or too many things at once, to a real API process."""

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psutil
import pytest

from bench.reliability.slow_clients import crowd
from tests.integration.conftest import FOUR, Deploy, Deployment, base64_photo, v2_sample

pytestmark = pytest.mark.stack

BODY_S = 2.0


ATTACKERS, ROUNDS = 24, 4


@pytest.fixture(scope="module")
def api(deploy: Deploy) -> Iterator[Deployment]:
    """An API without workers: what it accepts waits."""
    limits = {"CONNECTIONS": "100", "HEADER_S": "2", "BODY_S": f"{BODY_S:g}", "OPEN_BODIES_BYTES": "20000000"}
    with deploy(workers=[], **{f"FACELINE_LIMITS__{name}": value for name, value in limits.items()}) as running:
        yield running


def connected(api: Deployment) -> socket.socket:
    address = api.client.base_url
    return socket.create_connection((address.host, address.port or 80), timeout=30)


def answer(connection: socket.socket) -> tuple[int, dict[str, Any]]:
    """The status and the body of an answer after which the connection is closed."""
    received = b""
    with suppress(ConnectionError):  # after the answer
        while part := connection.recv(65_536):
            received += part
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head[9:12]), json.loads(body)


def memory(api: Deployment) -> int:
    (pid,) = api.stack.supervisor.pids("api")
    return int(psutil.Process(pid).memory_info().rss)


def test_slow_and_idle_clients_keep_no_one_out(api: Deployment) -> None:
    seen = asyncio.run(crowd(api.stack.url, dripping=60, idle=300, seconds=12))
    assert seen.connected.total() == 360
    assert seen.answers.total() > 0
    assert seen.shut_out == 0, str(seen)
    assert seen.ended.total() == 360, str(seen)


@pytest.mark.parametrize(
    "headers",
    [b"a: b\r\n" * 3_000_000, b"x: " + b"a" * 60_000_000, b"x" * 60_000_000],
    ids=["many lines", "long value", "long name"],
)
def test_headers_without_end_are_refused_with_flat_memory(api: Deployment, headers: bytes) -> None:
    before = memory(api)
    with closing(connected(api)) as connection:
        with suppress(OSError):  # the server need not read all of it
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + headers)
        status, body = answer(connection)
    assert (status, body["type"]) == (431, "headers_too_large")
    assert memory(api) - before < 20_000_000


def test_a_long_url_and_many_headers_are_refused_and_usual_ones_are_not(api: Deployment) -> None:
    usual = api.client.get("/healthz", headers={f"x-{index}": "v" * 500 for index in range(90)})
    assert usual.status_code == 200
    for request, error in (
        (b"GET /healthz?" + b"a&" * 5_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", (414, "url_too_long")),
        (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + b"x: v\r\n" * 100 + b"\r\n", (431, "headers_too_large")),
    ):
        with closing(connected(api)) as connection:
            connection.sendall(request)
            status, body = answer(connection)
        assert (status, body["type"]) == error


def test_fields_behind_a_chunked_body_are_bounded(api: Deployment) -> None:
    with closing(connected(api)) as connection:
        connection.sendall(b"POST /jobs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
        with pytest.raises(OSError, match=r"reset|[Bb]roken pipe"):
            connection.sendall((b"x: " + b"a" * 10_000 + b"\r\n") * 10_000)


def test_what_is_not_http_has_an_error_of_the_contract(api: Deployment) -> None:
    with closing(connected(api)) as connection:
        connection.sendall(b"nonsense\r\n\r\n")
        status, body = answer(connection)
    assert (status, body["type"]) == (400, "bad_request")


@pytest.mark.parametrize("head", [b"POST /jobs", b"POST /face-detector-face-fitter/v1/process/image", b"POST /batches"])
def test_a_dripping_body_ends_with_408(api: Deployment, head: bytes) -> None:
    kind = {b"POST /jobs": b"application/json", b"POST /batches": b"application/jsonl"}
    media_type = kind.get(head, b"multipart/form-data; boundary=b")
    with closing(connected(api)) as connection:
        lines = (head + b" HTTP/1.1", b"Host: localhost", b"Content-Length: 1000000", b"Content-Type: " + media_type)
        connection.sendall(b"\r\n".join([*lines, b"", b"--b\r\nContent-Disposition: form-data; name=image\r\n\r\n"]))
        connection.settimeout(0.2)
        ends = time.monotonic() + 60
        received = b""
        while not received and time.monotonic() < ends:
            connection.sendall(b" ")
            try:
                received = connection.recv(65_536)
            except TimeoutError:
                continue
        connection.settimeout(30)
        with suppress(ConnectionError):
            while part := connection.recv(65_536):
                received += part
    assert b" 408 " in received.splitlines()[0]
    assert b"upload_stalled" in received


def test_a_body_without_room_is_refused_before_it_is_sent(deploy: Deploy) -> None:
    with deploy(workers=[], FACELINE_LIMITS__OPEN_BODIES_BYTES="1000000") as small:
        with closing(connected(small)) as holder, closing(connected(small)) as other:
            head = b"POST /jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            head += b"Content-Length: 600000\r\n"
            holder.sendall(head + b"\r\n{")
            time.sleep(0.2)
            other.sendall(head + b"Expect: 100-continue\r\nConnection: close\r\n\r\n")
            received = other.recv(65_536)
        assert b" 429 " in received.splitlines()[0]
        assert b"retry-after" in received
        assert small.client.post("/jobs", json={"services": FOUR, "sample": v2_sample()}).status_code == 202


JSON = {"Content-Type": "application/json"}


def unknown_keys(count: int) -> bytes:
    return json.dumps({f"unknown-{index}": index for index in range(count)}).encode()


@pytest.mark.parametrize(("count", "status"), [(40_000, 422), (350_000, 413)])
def test_unknown_keys_have_a_short_answer(api: Deployment, count: int, status: int) -> None:
    refused = api.client.post("/jobs", content=unknown_keys(count), headers=JSON)
    assert refused.status_code == status
    assert len(refused.content) < 5_000
    if status == 422:
        *first, last = refused.json()["detail"]
        assert len(first) == 20
        assert last["msg"] == f"{count - 20 + 1} more errors are not shown"  # one more: `sample` is missing


@pytest.mark.parametrize(
    ("path", "name", "given"),
    [
        ("/jobs", "webhook", {f"unknown-{index}": 0 for index in range(40_000)}),
        ("/jobs", "webhook", {"url": "https://receiver.example", "events": ["unknown"] * 90_000}),
        ("/verify", "a", {f"unknown-{index}": 0 for index in range(40_000)}),
    ],
)
def test_objects_inside_a_request_have_a_short_answer_too(api: Deployment, path: str, name: str, given: Any) -> None:
    refused = api.client.post(path, json={name: given})
    assert refused.status_code == 422
    assert len(refused.json()["detail"]) <= 21
    assert len(refused.content) < 5_000


@pytest.mark.parametrize("charset", ["punycode", "idna", "utf-16", '"undefined"', "none"])
@pytest.mark.parametrize("path", ["/jobs/image", "/verify", "/face-detector-face-fitter/v2/process/image"])
def test_a_form_in_another_charset_is_refused_before_its_texts_are_decoded(
    api: Deployment, path: str, charset: str
) -> None:
    # Punycode takes minutes to decode so many letters, and would hold up all callers.
    body = b'--x\r\nContent-Disposition: form-data; name="services"\r\n\r\n' + b"a" * 1_000_000 + b"\r\n--x--\r\n"
    headers = {"Content-Type": f"multipart/form-data; boundary=x; charset={charset}"}
    refused = api.client.post(path, content=body, headers=headers)
    assert (refused.status_code, refused.json()["type"]) == (415, "unsupported_media")


def test_lines_of_a_batch_have_the_bounds_of_other_json(api: Deployment) -> None:
    deep: Any = {}
    for _ in range(40):
        deep = {"a": deep}
    lines = [
        {"custom_id": "deep", "services": FOUR, "sample": {**v2_sample(), "note": deep}},
        {"custom_id": "many", "services": FOUR, "sample": {**v2_sample(), "note": [0] * 100_001}},
        {"custom_id": "good", "services": FOUR, "sample": v2_sample()},
        {"custom_id": "keys", "services": FOUR, "sample": v2_sample(), **{f"k{index}": 0 for index in range(1000)}},
    ]
    body = "".join(json.dumps(line) + "\n" for line in lines)
    batch = api.client.post("/batches", content=body, headers={"Content-Type": "application/jsonl"}).json()
    errors = [json.loads(line) for line in api.client.get(f"/batches/{batch['id']}/errors").text.splitlines()]
    assert [(row["line"], row["type"]) for row in errors] == [
        (1, "invalid_sample"),
        (2, "payload_too_large"),
        (4, "invalid_sample"),
    ]
    assert len(errors[-1]["detail"]) == 21


def test_hostile_json_does_not_hold_up_other_submissions(api: Deployment) -> None:
    """Each hostile request takes much longer than an ordinary one, and several wait to be parsed all the time."""
    note = {f"{index:x}": index for index in range(45_000)}
    hostile = json.dumps(
        {"services": FOUR, "sample": {"_image": {"blob": base64_photo(), "format": "IMAGE"}, "note": note}, "x": 1}
    ).encode()
    ordinary = json.dumps({"services": FOUR, "sample": v2_sample()}).encode()

    def timed(body: bytes, status: int) -> float:
        address = api.client.base_url
        started = time.monotonic()
        with closing(HTTPConnection(address.host, address.port or 80, timeout=120)) as connection:
            connection.request("POST", "/jobs", body, JSON)
            answer = connection.getresponse()
            assert answer.status == status, answer.read()
        return time.monotonic() - started

    def attack() -> None:
        for _ in range(ROUNDS):
            timed(hostile, 422)

    alone = timed(ordinary, 202)
    with ThreadPoolExecutor(ATTACKERS) as callers:
        started = time.monotonic()
        attacks = [callers.submit(attack) for _ in range(ATTACKERS)]
        waits = []
        while not all(attacked.done() for attacked in attacks):
            waits.append(timed(ordinary, 202))
        lasted = time.monotonic() - started
    for attacked in attacks:
        attacked.result()
    # Behind the hostile ones, an ordinary request would wait for one of each attacker: for a whole round.
    assert sorted(waits)[len(waits) // 2] < lasted / ROUNDS * 2 / 3, (alone, lasted, waits)


def test_an_image_of_sixteen_bits_is_counted_in_bytes(api: Deployment, tmp_path: Path) -> None:
    import cv2
    import numpy as np

    picture = cv2.imencode(".png", np.zeros((7100, 7000, 4), np.uint16))[1].tobytes()
    refused = api.client.post("/face-detector-face-fitter/v1/process/image", files={"image": picture})
    assert (refused.status_code, refused.json()["type"]) == (422, "image_too_large")
