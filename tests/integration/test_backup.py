"""The backup and the restore of docs/backup.md."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from access.webhook_secrets import WebhookSecrets
from config.settings import Settings
from embedded.store import reachable_store
from jobs.redis.connection import connect
from jobs.redis.encryption import PLAIN
from tests.integration.api_process import administration
from tests.integration.conftest import FOUR, Deploy, Deployment, Json, v2_sample
from tests.integration.receiver import running_receiver, status
from tests.integration.test_webhooks import LINES, LOCAL
from tests.waiting import until

PAGE = Path(__file__).parents[2] / "docs" / "backup.md"
PHOTOS = 60
BEFORE = ["BGREWRITEAOF", "CONFIG SET auto-aof-rewrite-percentage 0"]
AFTER = "CONFIG SET auto-aof-rewrite-percentage 100"

pytestmark = pytest.mark.stack


def test_a_backup_has_results_keys_webhooks_and_waiting_jobs(deploy: Deploy, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with running_receiver() as receiver:
        receiver.answers.extend([status(503)] * 10_000)
        with deploy(FACELINE_DATA_DIR=str(data_dir), **LOCAL) as running:
            key = administration(running.stack.redis_url).create("alice").reveal()
            secret = WebhookSecrets(connect(running.stack.redis_url, patience_s=5), PLAIN).create("alice")
            _use(running, key)
            done = running.submit(FOUR, v2_sample(), webhook={"url": receiver.url})
            running.wait(done)
            result = _result(running, done)
            receiver.wait(1)
            batch = running.client.post("/batches", content=_lines(), headers=LINES).json()
            _copy_while_it_runs(running, tmp_path / "backup")
            # So the backup has photos that no worker has taken.
            assert running.client.get(f"/batches/{batch['id']}").json()["counts"]["succeeded"] < PHOTOS
        _restore(data_dir, tmp_path / "of-the-stopped")
        _look(tmp_path / "of-the-stopped", done)
        receiver.answers.clear()
        _restore(tmp_path / "backup", tmp_path / "restored")
        before = len(receiver.received)
        with deploy(FACELINE_DATA_DIR=str(tmp_path / "restored"), **LOCAL) as running:
            _use(running, key)
            assert _result(running, done) == result
            (message,) = (request.verify(secret) for request in receiver.wait(before + 1)[before:])
            assert message["data"]["id"] == done["id"]
            ended = _ended(running, batch["id"])
            assert (ended["status"], ended["counts"]["succeeded"]) == ("completed", PHOTOS)
    assert all(command in PAGE.read_text() for command in (*BEFORE, AFTER))


def _use(running: Deployment, key: str) -> None:
    """Waits until the API asks for a key, and sends it from now on."""
    until(lambda: running.client.get("/jobs").status_code == 401)
    running.client.headers["Authorization"] = f"Bearer {key}"


def _copy_while_it_runs(running: Deployment, to: Path) -> None:
    store: Any = connect(running.stack.redis_url, patience_s=5)
    for command in BEFORE:
        store.execute_command(*command.split())
    until(lambda: not store.info("persistence")["aof_rewrite_in_progress"])
    data_dir = Path(store.config_get("dir")["dir"])
    shutil.copytree(data_dir / "appendonlydir", to / "appendonlydir")
    store.execute_command(*AFTER.split())


def _restore(backup: Path, data_dir: Path) -> None:
    data_dir.mkdir(mode=0o700)
    shutil.copytree(backup / "appendonlydir", data_dir / "appendonlydir")


def _look(data_dir: Path, done: Json) -> None:
    """Fails unless the store in a folder has a job with its result."""
    log = data_dir / "log"
    with log.open("w") as lines, reachable_store(Settings(data_dir=data_dir), lines) as store:
        assert store.hget(f"faceline:job:{done['id']}", "status") == b"succeeded"


def _lines() -> str:
    sample = v2_sample()
    requests = ({"custom_id": str(n), "services": FOUR[:1], "sample": sample} for n in range(PHOTOS))
    return "\n".join(map(json.dumps, requests))


def _result(running: Deployment, job: Json) -> Json:
    response = running.client.get(f"/jobs/{job['id']}/result")
    assert response.status_code == 200, response.text
    return dict(response.json())


def _ended(running: Deployment, batch_id: str) -> Json:
    return dict(running.client.get(f"/batches/{batch_id}", params={"wait": 50}, timeout=60).json())
