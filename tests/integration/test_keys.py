"""Keys as an operator handles them: with the command, and by the settings of a deployment."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx
import pytest

from access.first_key import NAME
from access.store import KeyStore
from access.token import Token
from embedded.ports import free_port
from jobs.redis.connection import connect
from tests.integration.api_process import running_api
from tests.integration.test_up import FACELINE, up

ALL_ADDRESSES = "0.0.0.0"


def faceline(data_dir: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "FACELINE_DATA_DIR": str(data_dir), "COLUMNS": "250"}
    command = [*FACELINE, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def key_of(done: "subprocess.CompletedProcess[str]") -> Token:
    assert done.returncode == 0, done.stderr
    token = Token.parse(done.stdout.strip())
    assert token is not None, done.stdout
    return token


def listed(data_dir: Path) -> dict[str, Any]:
    return {row["id"]: row for row in json.loads(faceline(data_dir, "keys", "list", "--json").stdout)}


def test_a_key_is_shown_once_and_then_only_described(tmp_path: Path) -> None:
    options = ("--scope", "read", "--scope", "jobs", "--expires", "90d", "--rate", "10/second", "--quota", "1000/day")
    options += ("--jobs", "5", "--bytes", "1000000", "--ttl", "12h")
    token = key_of(faceline(tmp_path, "keys", "create", "alice", *options))
    (row,) = listed(tmp_path).values()
    assert (row["id"], row["name"], row["state"], row["scopes"]) == (token.id, "alice", "live", ["jobs", "read"])
    assert (row["rate"], row["quota"], row["used_at"]) == ("10/second", "1000/day", None)
    assert (row["jobs"], row["bytes"], row["ttl_s"]) == (5, 1_000_000, 43_200)
    table = faceline(tmp_path, "keys", "list").stdout
    assert token.id in table
    assert "10/second, 1000/day, jobs 5" in table
    assert token.reveal().rpartition("_")[2] not in table


def test_a_key_is_rotated_and_revoked(tmp_path: Path) -> None:
    old = key_of(faceline(tmp_path, "keys", "create", "alice"))
    new = key_of(faceline(tmp_path, "keys", "rotate", "alice", "--grace", "1h"))
    assert {row["state"] for row in listed(tmp_path).values()} == {"live"}
    assert old.id in faceline(tmp_path, "keys", "revoke", old.id).stdout
    assert {key: row["state"] for key, row in listed(tmp_path).items()} == {old.id: "revoked", new.id: "live"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("create", "two words"), "is not a name"),
        (("create", "a", "--expires", "soon"), "90d"),
        (("create", "a", "--rate", "often"), "10/second"),
        (("create", "a", "--scope", "everything"), "everything"),
        (("rotate", "unknown"), "faceline keys create unknown"),
        (("revoke", "unknown"), "faceline keys list"),
    ],
)
def test_a_mistake_is_explained(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    done = faceline(tmp_path, "keys", *arguments)
    assert done.returncode in (1, 2)
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.stack
def test_up_refuses_other_addresses_without_a_key_and_names_the_command(tmp_path: Path) -> None:
    refused = faceline(tmp_path, "up", "--host", ALL_ADDRESSES, "--port", "0")
    assert refused.returncode == 1
    assert "faceline keys create NAME" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.stack
def test_a_key_that_is_made_while_the_stack_runs_closes_the_api(tmp_path: Path) -> None:
    with up(tmp_path) as (process, url), httpx.Client(base_url=url, trust_env=False) as client:
        assert client.get("/jobs").status_code == 200
        token = key_of(faceline(tmp_path, "keys", "create", "alice"))
        deadline = monotonic() + 5
        while client.get("/jobs").status_code == 200:
            assert monotonic() < deadline
            sleep(0.1)
        with_key = {"Authorization": f"Bearer {token.reveal()}"}
        assert client.get("/jobs").status_code == 401
        assert client.get("/jobs", headers=with_key).status_code == 200
        assert listed(tmp_path)[token.id]["used_at"]
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


def api(server_url: str, host: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """An API that is expected to end by itself."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "embedded.process", "api", host, str(free_port())],
        env={**os.environ, "FACELINE_REDIS_URL": server_url, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_an_api_in_a_container_needs_a_key(server_url: str, tmp_path: Path) -> None:
    redis: Any = connect(server_url, patience_s=1)
    redis.flushdb()
    for environment, message in (
        ({}, "faceline keys create NAME"),
        ({"FACELINE_ACCESS__FIRST_KEY": "password"}, "faceline keys generate"),
        ({"FACELINE_ACCESS__FIRST_KEY_FILE": str(tmp_path / "none")}, "No such file"),
    ):
        refused = api(server_url, ALL_ADDRESSES, **environment)
        assert refused.returncode == 1
        assert message in refused.stderr
        assert "Traceback" not in refused.stderr
    token = Token.parse(faceline(tmp_path, "keys", "generate").stdout.strip())
    assert token is not None
    (tmp_path / "first-key").write_text(f"{token.reveal()}\n")
    with running_api(server_url, ALL_ADDRESSES, FACELINE_ACCESS__FIRST_KEY_FILE=str(tmp_path / "first-key")) as client:
        assert client.get("/jobs").status_code == 401
        assert client.get("/jobs", headers={"X-API-Key": token.reveal()}).status_code == 200
    (kept,) = KeyStore(connect(server_url, patience_s=1)).all().values()
    assert (kept.id, kept.name) == (token.id, NAME)


def test_an_open_api_asks_for_no_key(server_url: str) -> None:
    redis: Any = connect(server_url, patience_s=1)
    redis.flushdb()
    with running_api(server_url, ALL_ADDRESSES, FACELINE_ACCESS__OPEN="true") as client:
        assert client.get("/jobs").status_code == 200
