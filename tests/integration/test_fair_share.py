"""That the jobs of one key do not hold up the job of another: two keys, and a real worker."""

import json
from itertools import count
from typing import Any

import httpx
import pytest

from tests.integration.api_process import administration
from tests.integration.conftest import FOUR, Deploy, Deployment, Json, v2_sample

pytestmark = pytest.mark.stack

MANY = 80
LINES = {"Content-Type": "application/x-ndjson"}


def bearer(running: Deployment, name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {administration(running.stack.redis_url).create(name).reveal()}"}


def begun_meanwhile(running: Deployment, priority: str) -> int:
    """How many of many jobs of one key began between the submission and the begin of the one job of another key."""
    alice, bob = bearer(running, "alice"), bearer(running, "bob")
    body = {"services": FOUR, "sample": v2_sample(), "priority": priority}

    def submit(of: dict[str, str]) -> str:
        return str(running.client.post("/jobs", json=body, headers=of).raise_for_status().json()["id"])

    def ended(job: str, of: dict[str, str]) -> Json:
        shown = running.client.get(f"/jobs/{job}", params={"wait": 60}, headers=of).json()
        assert shown["status"] == "succeeded"
        return dict(shown)

    many = [submit(alice) for _ in range(MANY)]
    one = ended(submit(bob), bob)
    others = [ended(job, alice) for job in many]
    return sum(one["created_at"] < other["started_at"] < one["started_at"] for other in others)


@pytest.mark.parametrize("priority", ["normal", "bulk", "high"])
def test_many_jobs_of_a_key_do_not_hold_up_the_job_of_another(deploy: Deploy, priority: str) -> None:
    with deploy(FACELINE_ACCESS__SHARE="4", FACELINE_LIMITS__HIGH_WAIT_S="60") as running:
        # Its share, and what the threads of the worker begin before they look again.
        assert begun_meanwhile(running, priority) <= 4 + 4


def test_without_shares_they_would(deploy: Deploy) -> None:
    with deploy(FACELINE_ACCESS__SHARE="1000") as running:
        assert begun_meanwhile(running, "normal") > 20


def test_a_large_batch_of_a_key_does_not_hold_up_the_batch_of_another(deploy: Deploy) -> None:
    with deploy(FACELINE_ACCESS__SHARE="2", FACELINE_BATCHES__CHUNK="4") as running:
        alice, bob = bearer(running, "alice"), bearer(running, "bob")
        numbers = count()

        def lines(photos: int) -> bytes:
            requests: list[dict[str, Any]] = [
                {"custom_id": str(next(numbers)), "services": FOUR, "sample": v2_sample()} for _ in range(photos)
            ]
            return b"".join(json.dumps(request).encode() + b"\n" for request in requests)

        def submit(photos: int, of: dict[str, str]) -> httpx.Response:
            return running.client.post("/batches", content=lines(photos), headers={**of, **LINES}).raise_for_status()

        large = submit(200, alice).json()["id"]
        small = submit(1, bob).json()["id"]
        ended = running.client.get(f"/batches/{small}", params={"wait": 60}, headers=bob).json()
        meanwhile = running.client.get(f"/batches/{large}", headers=alice).json()
        assert ended["status"] == "completed"
        assert meanwhile["counts"]["in_progress"] > 50
