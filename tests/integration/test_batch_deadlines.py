"""Batches have a longer deadline than jobs. After it the finished results are there, and the rest are errors."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from time import sleep

import pytest

from models.family import ModelFamily
from tests.integration.conftest import FOUR, Deploy, Deployment, photo, v2_sample
from tests.integration.steady import tiny_photos
from tests.integration.test_batches import DETECTOR, ZIP, ended, parts_of, rows, submit, zipped

pytestmark = pytest.mark.stack


@contextmanager
def stopped(there: Deployment) -> Iterator[None]:
    """Its first worker does nothing meanwhile."""
    pid, *_ = there.stack.supervisor.pids("worker")
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_batch_whose_time_is_up_keeps_what_is_done_and_tells_the_rest(deploy: Deploy) -> None:
    with deploy(FACELINE_BATCHES__DEADLINE_S="4", FACELINE_BATCHES__CHUNK="2") as own:
        files = {f"{index:02}.jpg": photo("obama_speech.jpg") for index in range(40)}
        files |= {"broken.jpg": b"no photo"}
        batch_id = submit(own, zipped(files), ZIP, preset="face-analysis")
        while not own.client.get(f"/batches/{batch_id}").json()["counts"]["succeeded"]:
            sleep(0.01)
        with stopped(own):
            batch = own.client.get(f"/batches/{batch_id}", params={"wait": 1}).json()
            assert batch["status"] == "in_progress", "the machine is too fast for this test"
            batch = ended(own, batch_id)
            counts = batch["counts"]
            assert batch["status"] == "expired"
            assert (counts["total"], counts["failed"], counts["canceled"], counts["in_progress"]) == (41, 1, 0, 0)
            assert counts["succeeded"] >= 2
            assert counts["expired"] >= 2
            since = datetime.fromisoformat(batch["finished_at"]) - datetime.fromisoformat(batch["created_at"])
            assert round(since.total_seconds(), 3) == 4
            output, errors = rows(own, batch_id, "output"), rows(own, batch_id, "errors")
            assert len(output) == counts["succeeded"]
            assert [row["type"] for row in errors] == ["expired"] * counts["expired"] + ["invalid_image"]
            # Parts are worked on side by side: the second may be done when the first is not.
            done, told = ([row["custom_id"] for row in those] for those in (output, errors))
            assert (done, told) == (sorted(done), sorted(told))
            assert sorted(done + told) == list(files)
        # Requests that were given up do not run once there is a worker.
        job = own.wait(own.submit(DETECTOR, v2_sample()))
        assert job["status"] == "succeeded"
        # What was being worked on ends too, and changes nothing.
        waited = [own.client.get(f"/jobs/{part}", params={"wait": 20}).json() for part in parts_of(own, batch_id)]
        assert {part["status"] for part in waited} == {"succeeded", "canceled"}
        assert own.client.get(f"/batches/{batch_id}").json()["counts"] == counts
        assert rows(own, batch_id, "output") == output
        assert own.client.post(f"/batches/{batch_id}/cancel").json()["status"] == "expired"


def test_a_batch_waits_longer_than_a_job_may(deploy: Deploy) -> None:
    brief = {"STAGE_DEADLINE_S": "1", "VISIBILITY_TIMEOUT_S": "2", "STALLED_AFTER_S": "3", "DEADLINE_S": "4"}
    others = [family.value for family in ModelFamily if family is not ModelFamily.FACE_DETECTION]
    named = {f"FACELINE_JOBS__{name}": value for name, value in brief.items()}
    with deploy(workers=[[ModelFamily.FACE_DETECTION.value], others], **named) as own:
        with stopped(own):
            batch_id = submit(own, zipped(tiny_photos(3)), ZIP, services=FOUR[0])
            job = own.wait(own.submit(DETECTOR, v2_sample()), seconds=30)
            assert (job["status"], job["error"]["type"]) == ("failed", "timed_out")
            assert own.client.get(f"/batches/{batch_id}").json()["counts"]["in_progress"] == 3
        batch = ended(own, batch_id)
        assert (batch["status"], batch["counts"]["succeeded"]) == ("completed", 3)
