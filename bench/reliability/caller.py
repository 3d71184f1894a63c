"""`Caller`: what a careful caller does. It tries again with the same key until it has an answer, and fetches by id."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event
from time import monotonic
from typing import Any

import httpx

from bench.reliability.ledger import FAILED, GONE, SUCCEEDED, Answer, Ledger
from bench.reliability.work import Json, Work, encoded, sample_of

LONG_POLL_S = 10
TIMEOUT = httpx.Timeout(45, connect=5)
"""No request may take longer: a synchronous call is answered 504 after 30 s."""
RETRY_S = 0.3
BUSY = (409, 429)
"""Statuses that are right at any time. 409: the first request with this key is still coming in."""
AWAY = (503, 504)
"""Statuses that say that a part of the deployment does not answer."""
OVER = ("succeeded", "failed", "canceled", "expired", "completed")


class GaveUp(Exception):
    """The errand took too long."""


@dataclass
class Caller:
    """Sends work in the ways that callers have, and notes all of it. Thread-safe.

    Attributes:
        client: of the API.
        photos: encoded, by name.
        ledger: takes submissions and answers.
        gives_up: set when callers shall stop waiting.
        may_be_away: whether 503 and 504 are right, since a part of the stack is away.
    """

    client: httpx.Client
    photos: Mapping[str, bytes]
    ledger: Ledger
    gives_up: Event = field(default_factory=Event)
    may_be_away: bool = True

    def run_job(self, name: str, work: Work) -> None:
        """Submit a job, wait for its end and note it.

        Raises:
            GaveUp: it had no end in time.
        """
        body = {"services": work.services, "sample": sample_of(encoded(self.photos, work)), "metadata": {"name": name}}
        job = self._submitted(lambda: self.client.post("/jobs", json=body, headers={"Idempotency-Key": name})).json()
        self.ledger.acknowledge(name, work, job["id"], monotonic())
        self.ledger.answer(name, self.read_job(job["id"]))

    def read_job(self, job_id: str) -> Answer:
        """The end of a job, once it has one."""
        while True:
            response = self._until_answered(
                lambda: self.client.get(f"/jobs/{job_id}", params={"wait": LONG_POLL_S}), (200, 404, 410)
            )
            if response.status_code != 200:
                return Answer(GONE, monotonic())
            job = response.json()
            if job["status"] in OVER:
                return Answer(job["status"], monotonic(), job["result"], (job["error"] or {}).get("type"))

    def call(self, name: str, work: Work) -> None:
        """Call a service and wait for its answer, as a program without jobs does. `work` has one service."""
        (service,) = work.services
        path = f"/{service}/v2/process/sample"
        body = sample_of(encoded(self.photos, work))
        # A synchronous call has no key: a call without an answer is a new one each time.
        result = self._submitted(lambda: self.client.post(path, json=body)).json()
        self.ledger.acknowledge(name, work, None, monotonic())
        self.ledger.answer(name, Answer(SUCCEEDED, monotonic(), result))

    def run_batch(self, name: str, works: Sequence[Work]) -> None:
        """Submit works as one batch, wait for its end and note the rows.

        Raises:
            GaveUp: it had no end in time.
        """
        names = {f"{name}-{index}": work for index, work in enumerate(works)}
        lines = [
            {"custom_id": own, "services": work.services, "sample": sample_of(encoded(self.photos, work))}
            for own, work in names.items()
        ]
        headers = {"Idempotency-Key": name, "Content-Type": "application/x-ndjson"}
        content = "".join(json.dumps(line) + "\n" for line in lines).encode()
        batch = self._submitted(lambda: self.client.post("/batches", content=content, headers=headers))
        batch_id = batch.json()["id"]
        for own, work in names.items():
            self.ledger.acknowledge(own, work, None, monotonic(), batch_id)
        self._wait_for_batch(batch_id)
        for own, answers in self._rows(batch_id).items():
            self.ledger.answer(own, answers[0], rows=len(answers))
        for own, answers in self._rows(batch_id).items():
            self.ledger.answer(own, answers[0], rows=len(answers))

    def _wait_for_batch(self, batch_id: str) -> None:
        def ask() -> httpx.Response:
            return self.client.get(f"/batches/{batch_id}", params={"wait": LONG_POLL_S})

        status = ""
        while status not in OVER:
            response = self._until_answered(ask, (200, 404, 410))
            status = response.json()["status"] if response.status_code == 200 else FAILED

    def _rows(self, batch_id: str) -> dict[str, list[Answer]]:
        """The ends of the requests of a batch, by their custom ids."""
        rows = defaultdict[str, list[Answer]](list)
        for row in self._lines(f"/batches/{batch_id}/output"):
            rows[row["custom_id"]].append(Answer(SUCCEEDED, monotonic(), row["result"]))
        for row in self._lines(f"/batches/{batch_id}/errors"):
            rows[row["custom_id"]].append(Answer(FAILED, monotonic(), None, row["type"]))
        return rows

    def _lines(self, path: str) -> list[Json]:
        response = self._until_answered(lambda: self.client.get(path), (200, 404, 410))
        if response.status_code != 200:
            return []
        return [json.loads(line) for line in response.text.splitlines()]

    def _submitted(self, ask: Callable[[], httpx.Response]) -> httpx.Response:
        """Ask until work is accepted or done; a caller who has to give up is a fault of the deployment."""
        try:
            return self._until_answered(ask, (200, 202))
        except GaveUp:
            self.ledger.complain("a submission was not accepted in time")
            raise

    def _until_answered(self, ask: Callable[[], httpx.Response], expected: Sequence[int]) -> httpx.Response:
        """Ask until there is an answer that is expected; note the statuses that are wrong."""
        patient = BUSY + (AWAY if self.may_be_away else ())
        while not self.gives_up.is_set():
            try:
                response = ask()
            except httpx.TransportError as error:
                if isinstance(error, httpx.ReadTimeout):
                    self.ledger.complain(f"a request had no answer within {TIMEOUT.read:g} s")
                self.gives_up.wait(RETRY_S)
                continue
            if response.status_code in expected:
                return response
            if response.status_code not in patient:
                self.ledger.complain(_described(response))
            self.gives_up.wait(RETRY_S)
        raise GaveUp


def _described(response: httpx.Response) -> str:
    """The request and the status of a response; its body may hold a result, so only the type of an error is named."""
    path = "/".join("…" if len(part) == 36 else part for part in response.request.url.path.split("/"))
    return f"{response.request.method} {path} was answered {response.status_code} ({_type_of(response)})"


def _type_of(response: httpx.Response) -> Any:
    try:
        return response.json().get("type")
    except ValueError:
        return None
