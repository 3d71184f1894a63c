"""What a caller does with answers that are none; the deployments here answer from a list."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from bench.reliability.caller import Caller
from bench.reliability.ledger import FAILED, GONE, SUCCEEDED, Answer, Ledger, StoreView
from bench.reliability.work import DETECTOR, Work

WORK = Work("photo.jpg", (DETECTOR,))
ENDED = {"id": "id-1", "status": "succeeded", "result": {"objects": []}, "error": None}
NO_ANSWER = httpx.ConnectError("refused")

Step = httpx.Response | Exception


def accepted() -> httpx.Response:
    return httpx.Response(202, json={"id": "id-1", "status": "queued"})


def error(status: int) -> httpx.Response:
    return httpx.Response(status, json={"detail": "text", "type": "some_error"})


class Deployment:
    """Answers requests with the given steps, and keeps the requests."""

    def __init__(self, *steps: Step) -> None:
        self._steps: Iterator[Step] = iter(steps)
        self.requests: list[httpx.Request] = []
        self.ledger = Ledger()

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        step = next(self._steps)
        if isinstance(step, Exception):
            raise step
        return step

    def caller(self, may_be_away: bool = True) -> Caller:
        client = httpx.Client(base_url="http://faceline", transport=httpx.MockTransport(self.answer))
        return Caller(client, {"photo.jpg": b"photo"}, self.ledger, may_be_away=may_be_away)

    @property
    def answers(self) -> list[Answer]:
        (entry,) = self.ledger.entries
        return entry.answers

    @property
    def faults(self) -> list[str]:
        return list(self.ledger.judge(StoreView(), lambda *_: True).faults)


def test_a_submission_without_an_answer_is_sent_again_with_the_same_key() -> None:
    deployment = Deployment(NO_ANSWER, error(503), error(429), accepted(), httpx.Response(200, json=ENDED))
    deployment.caller().run_job("name", WORK)
    assert {request.headers["Idempotency-Key"] for request in deployment.requests[:4]} == {"name"}
    assert [answer.status for answer in deployment.answers] == [SUCCEEDED]
    assert not deployment.faults


def test_a_job_that_is_unknown_later_is_gone() -> None:
    deployment = Deployment(accepted(), error(404))
    deployment.caller().run_job("name", WORK)
    assert [answer.status for answer in deployment.answers] == [GONE]


@pytest.mark.parametrize(("status", "may_be_away"), [(500, True), (422, True), (503, False), (504, False)])
def test_a_status_that_is_no_answer_is_a_fault(status: int, may_be_away: bool) -> None:
    deployment = Deployment(error(status), accepted(), httpx.Response(200, json=ENDED))
    deployment.caller(may_be_away).run_job("name", WORK)
    assert deployment.faults == [f"wrong: POST /jobs was answered {status} (some_error)"]


def test_a_synchronous_call_is_answered_by_its_response() -> None:
    deployment = Deployment(error(504), httpx.Response(200, json={"objects": []}))
    deployment.caller().call("name", WORK)
    assert [(answer.status, answer.result) for answer in deployment.answers] == [(SUCCEEDED, {"objects": []})]


def batch_answers(*rows: dict[str, Any]) -> Callable[[httpx.Request], httpx.Response]:
    """A deployment whose only batch has these rows in its output, and an error for the first request."""
    output = "".join(httpx.Response(200, json=row).text + "\n" for row in rows)
    failed = httpx.Response(200, json={"custom_id": "batch-0", "type": "poisoned"}).text

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(202, json={"id": "batch"})
        texts = {"/batches/batch/output": output, "/batches/batch/errors": failed}
        return httpx.Response(200, text=texts.get(request.url.path, '{"status": "completed"}'))

    return answer


def test_each_row_of_a_batch_is_an_answer_and_doubled_rows_are_seen() -> None:
    row = {"custom_id": "batch-1", "result": {"objects": []}}
    ledger = Ledger()
    client = httpx.Client(base_url="http://faceline", transport=httpx.MockTransport(batch_answers(row, row)))
    Caller(client, {"photo.jpg": b"photo"}, ledger).run_batch("batch", [WORK, WORK, WORK])
    first, second, third = ledger.entries
    assert {entry.batch_id for entry in ledger.entries} == {"batch"}
    assert [(answer.status, answer.error) for answer in first.answers] == [(FAILED, "poisoned")] * 2
    assert (second.rows, [answer.status for answer in second.answers]) == (2, [SUCCEEDED] * 2)
    assert not third.answers
