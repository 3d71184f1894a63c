"""What the sender of webhooks does with real receivers on this machine, also over TLS."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from jobs.webhooks.targets import Targets
from tests.integration.receiver import running_receiver, status
from webhooks.sender import NotDelivered, Outcome, Sender

NAME = "receiver.example"
LOCAL = Targets.of([NAME, "other.example", "127.0.0.0/8"])

Resolve = Callable[..., list[Any]]


def post(url: str, targets: Targets = LOCAL, timeout_s: float = 20) -> None:
    async def run() -> None:
        sender = Sender(targets, timeout_s)
        try:
            await sender.post(url, b"{}", {"webhook-id": "msg_1"})
        finally:
            await sender.close()

    asyncio.run(run())


@pytest.fixture
def resolved(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names that were resolved; the first time to this machine, then to another address."""
    names: list[str] = []
    resolve: Resolve = socket.getaddrinfo

    def resolve_once(host: str, *arguments: Any, **options: Any) -> list[Any]:
        if not host.endswith(".example"):
            return resolve(host, *arguments, **options)
        names.append(host)
        return resolve("127.0.0.1" if names.count(host) == 1 else "127.0.0.99", *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve_once)
    return names


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A context with a certificate of `NAME`, which the sender trusts."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "certificate.pem"
    unencrypted = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, unencrypted)
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def test_the_connection_goes_to_the_address_that_was_checked(resolved: list[str]) -> None:
    with running_receiver() as receiver:
        post(f"http://{NAME}:{receiver.port}/hook?a=b")
    (received,) = receiver.received
    assert received.headers["Host"] == f"{NAME}:{receiver.port}"
    assert received.path == "/hook?a=b"
    assert resolved == [NAME]


def test_over_tls_the_certificate_has_to_be_that_of_the_name(resolved: list[str], tls: ssl.SSLContext) -> None:
    named: list[str | None] = []
    tls.sni_callback = lambda _socket, name, _context: named.append(name)
    with running_receiver(tls) as receiver:
        post(f"https://{NAME}:{receiver.port}/")
        assert len(receiver.received) == 1
        with pytest.raises(NotDelivered, match="certificate"):
            post(f"https://other.example:{receiver.port}/")
        assert len(receiver.received) == 1
    assert named == [NAME, "other.example"]


def test_a_name_of_which_one_address_is_not_public_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in ("93.184.215.14", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    with pytest.raises(NotDelivered, match="public"):
        post(f"https://{NAME}/", Targets())


@pytest.mark.parametrize(
    "host", ["127.1", "2130706433", "0x7f000001", "0", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"]
)
def test_this_machine_is_refused_however_it_is_written(host: str) -> None:
    with running_receiver() as receiver, pytest.raises(NotDelivered, match=r"public|resolve|not a URL"):
        post(f"https://{host}:{receiver.port}/", Targets())
    assert receiver.received == []


def test_an_ipv6_address_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET6) as listening:
        try:
            listening.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6")
        # Nothing answers there: the connection is refused, and the address is not.
        with pytest.raises(NotDelivered, match="no connection"):
            post(f"http://[::1]:{listening.getsockname()[1]}/", Targets.of(["::1"]))


def test_another_address_of_the_name_is_tried_when_one_takes_no_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    with running_receiver() as receiver:
        found = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, receiver.port)) for host in ("127.0.0.2", "127.0.0.1")
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        post(f"http://{NAME}:{receiver.port}/")
        assert len(receiver.received) == 1


def drip(handler: BaseHTTPRequestHandler) -> None:
    """Sends headers without an end, a byte now and then."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nSlow: ")
    while True:
        handler.wfile.write(b"a")
        handler.connection.settimeout(0.1)
        try:
            handler.connection.recv(1)
        except TimeoutError:
            continue
        return


def flood(handler: BaseHTTPRequestHandler) -> None:
    """Sends a body without an end."""
    status(200)(handler)
    while True:
        handler.wfile.write(b"a" * 65536)


def test_headers_without_an_end_are_left_after_the_time_of_an_attempt() -> None:
    with running_receiver() as receiver:
        receiver.answers.append(drip)
        began = monotonic()
        with pytest.raises(NotDelivered, match="no answer within 1 s"):
            post(f"http://127.0.0.1:{receiver.port}/", timeout_s=1)
        assert monotonic() - began < 30


def test_the_body_of_an_answer_is_not_read() -> None:
    with running_receiver() as receiver:
        receiver.answers.append(flood)
        post(f"http://127.0.0.1:{receiver.port}/")


def test_a_large_header_is_an_error() -> None:
    with running_receiver() as receiver:
        receiver.answers.append(status(200, Large="a" * 1_000_000))
        with pytest.raises(NotDelivered, match="broke off"):
            post(f"http://127.0.0.1:{receiver.port}/")


@pytest.mark.parametrize(("code", "asked_s"), [(429, 90), (503, 90), (500, 0), (404, 0)])
def test_a_busy_receiver_asks_for_a_pause(code: int, asked_s: float) -> None:
    with running_receiver() as receiver:
        receiver.answers.append(status(code, **{"Retry-After": "90"}))
        with pytest.raises(NotDelivered) as failed:
            post(f"http://127.0.0.1:{receiver.port}/")
    assert (failed.value.outcome, failed.value.retry_after_s) == (Outcome.ANSWERED, asked_s)


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(code: int) -> None:
    with running_receiver() as receiver:
        receiver.answers.append(status(code, Location="/elsewhere"))
        with pytest.raises(NotDelivered, match="redirects"):
            post(f"http://127.0.0.1:{receiver.port}/")
        assert len(receiver.received) == 1


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with running_receiver() as proxy, running_receiver() as receiver:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        post(f"http://127.0.0.1:{receiver.port}/")
        assert (len(proxy.received), len(receiver.received)) == (0, 1)
