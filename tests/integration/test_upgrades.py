"""Requests that offer HTTP/2, as those of Java's client do: they are answered in HTTP/1.1, with their bodies."""

from collections.abc import Iterator
from http.client import HTTPConnection

import httpx
import pytest

from tests.integration.conftest import Deployment, photo

pytestmark = pytest.mark.stack

OFFER = {
    "Connection": "Upgrade, HTTP2-Settings",
    "Upgrade": "h2c",
    "HTTP2-Settings": "AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAA",
}
PATH = "/face-detector-face-fitter/v2/process/image"


def form_of(image: bytes) -> tuple[bytes, str]:
    request = httpx.Request("POST", "http://faceline", files={"image": image})
    return request.read(), request.headers["content-type"]


@pytest.mark.parametrize("chunked", [False, True])
def test_the_body_is_read(deployment: Deployment, chunked: bool) -> None:
    body, media_type = form_of(photo())

    def parts() -> Iterator[bytes]:
        for start in range(0, len(body), 10_000):
            yield body[start : start + 10_000]

    headers = {**OFFER, "Content-Type": media_type}
    for _ in range(2):
        answer = deployment.client.post(PATH, content=parts() if chunked else body, headers=headers)
        assert (answer.status_code, answer.http_version) == (200, "HTTP/1.1"), answer.text
        assert len(answer.json()["objects"]) == 1


def test_requests_without_a_body_are_answered_on_one_connection(deployment: Deployment) -> None:
    connection = HTTPConnection("127.0.0.1", deployment.client.base_url.port)
    for headers in (OFFER, {**OFFER, "Upgrade": "websocket"}, {}):
        connection.request("GET", "/services", headers=headers)
        response = connection.getresponse()
        assert response.status == 200
        assert b"face-detector-face-fitter" in response.read()
    connection.request("POST", "/jobs", body=b"{}", headers={**OFFER, "Content-Type": "application/json"})
    refusal = connection.getresponse()
    assert (refusal.status, b"sample" in refusal.read()) == (422, True)
    connection.close()


def test_limits_of_headers_hold(deployment: Deployment) -> None:
    answer = deployment.client.get("/services", headers={**OFFER, "X-Long": "x" * 200_000})
    assert answer.status_code == 431


def test_a_tunnel_is_refused(deployment: Deployment) -> None:
    connection = HTTPConnection("127.0.0.1", deployment.client.base_url.port, timeout=30)
    connection.request("CONNECT", "/services")
    assert connection.getresponse().status == 405
    connection.close()
