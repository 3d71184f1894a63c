from bench.speed.http_connection import request
from bench.speed.load_client import timed


def test_a_request_has_the_length_of_its_body() -> None:
    head, _, body = request("POST", "/jobs", b"{}").partition(b"\r\n\r\n")
    assert head.splitlines()[0] == b"POST /jobs HTTP/1.1"
    assert b"Content-Length: 2" in head.splitlines()
    assert body == b"{}"


def test_a_rate_counts_the_photos_of_chunks() -> None:
    sent = timed(lambda: [0.1, 0.2], {}, photos_each=16)
    assert sent.count == 32
    assert sent.rate == 32 / sent.seconds
    assert set(sent.cpu_s) == {"client"}
