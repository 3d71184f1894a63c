"""That work which a repeated request made a second time is found."""

import json

import httpx

from bench.reliability.ledger import Ledger
from bench.reliability.run import made_again
from bench.reliability.work import DETECTOR, Work

WORK = Work("photo.jpg", (DETECTOR,))
EARLIER, LATER = "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z"
SINCE = 1767225600 + 60
"""A minute after `EARLIER`."""
JOBS = {"job": "name", "job-copy": "name"}
BATCHES = {"batch": "completed", "batch-copy": "completed", "broken-off": "failed", "coming-in": "validating"}
ROWS = {"output": ["part-0"], "errors": ["part-1", None]}


def answer(request: httpx.Request) -> httpx.Response:
    match request.url.path.split("/")[1:]:
        case [kind]:
            known = JOBS if kind == "jobs" else BATCHES
            items = [{"id": name, "created_at": LATER} for name in known] + [{"id": "old", "created_at": EARLIER}]
            return httpx.Response(200, json={kind: items, "next": "more"})
        case ["jobs", job_id]:
            return httpx.Response(200, json={"metadata": {"name": JOBS[job_id]}})
        case ["batches", batch_id]:
            return httpx.Response(200, json={"status": BATCHES[batch_id]})
        case [_, _, part]:
            return httpx.Response(200, text="".join(json.dumps({"custom_id": name}) + "\n" for name in ROWS[part]))
    return httpx.Response(404)


def test_jobs_and_complete_batches_that_were_not_acknowledged_are_copies() -> None:
    ledger = Ledger()
    ledger.acknowledge("name", WORK, "job", at=0)
    ledger.acknowledge("part-0", WORK, None, at=0, batch_id="batch")
    with httpx.Client(base_url="http://faceline", transport=httpx.MockTransport(answer)) as client:
        copies = made_again(client, SINCE, ledger)
    assert copies == {"name": ["job-copy"], "part-0": ["batch-copy"], "part-1": ["batch-copy"]}
