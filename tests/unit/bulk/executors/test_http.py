"""The executor on an API in memory; `tests/integration/test_bulk.py` has the real API."""

import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from time import sleep
from typing import Any

import cv2
import httpx
import numpy as np
import pytest

import bulk.executors.api_client
from bulk.errors import ExecutorLost
from bulk.executors.http import HttpExecutor
from bulk.validation import PhotoValidator
from config.settings import JobSettings, LimitSettings
from faceline_client import NO_RETRIES, Client
from jobs.errors import StorageError
from jobs.factory import CheckedSample, JobFactory, Submission
from jobs.job import RunOptions
from models.catalogue import services
from pipelines.chunk import Failure
from pipelines.dialects import DIALECTS

ASKED = ("face-detector-face-fitter", "age-estimator")
VALIDATOR = PhotoValidator(
    JobFactory(services(), JobSettings(), LimitSettings(), lambda family: family.value), ASKED, RunOptions(60, "number")
)
Row = dict[str, Any]


def photo(width: int, *, by_reference: bool = False) -> CheckedSample:
    """A photo that is known by its width."""
    source = f"file:///photos/{width}.png"
    image = cv2.imencode(".png", np.zeros((10, width, 3), np.uint8))[1].tobytes()
    carried = {"reference": source} if by_reference else {"image": image}
    return VALIDATOR.factory.check(Submission(ASKED, {}, DIALECTS["v2"], VALIDATOR.options, **carried))


def well(index: int, width: int) -> Row:
    face = {"id": 0, "class": "face", "age": width}
    size = {"image_width": width, "image_height": 10}
    return {"custom_id": str(index), "line": index + 1, **size, "result": {"objects": [face]}}


def wrong(index: int, kind: str, *, service: str | None = None, shared: bool = False) -> Row:
    error = {"service": service, "type": kind, "detail": "why", "shared": shared}
    return {"custom_id": str(index), "line": index + 1, **error}


class FakeApi:
    """An API whose batches end at once.

    Attributes:
        answers: the next responses, as status and headers; None for no answer.
        errors: of each batch, by index.
        missing: indices that are in neither output nor errors.
        body_bytes: a larger body is refused.
        done: batches are over.
        lost: responses do not arrive.
        batches: the widths of the photos of each, by id.
    """

    def __init__(self) -> None:
        self.answers: list[tuple[int, Mapping[str, str]] | None] = []
        self.errors: Mapping[int, Row] = {}
        self.missing: Sequence[int] = ()
        self.body_bytes = 10**6
        self.done = True
        self.lost = False
        self.batches: dict[str, list[int]] = {}
        self.bodies: list[httpx.Request] = []

    def executor(self) -> HttpExecutor:
        transport = httpx.MockTransport(self._answer)
        return HttpExecutor(Client("http://api", transport=transport, retries=NO_RETRIES), VALIDATOR)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.answers:
            answer = self.answers.pop(0)
            if answer is None:
                raise httpx.ConnectError("away")
            return httpx.Response(answer[0], headers=answer[1])
        _, _, batch_id, path = (f"{request.url.path}//").split("/")[:4]
        if request.method == "POST":
            taken = self._take(request)
            if self.lost:
                raise httpx.ReadError("hung up")
            return taken
        if batch_id not in self.batches:
            return httpx.Response(404)
        if request.method == "DELETE":
            del self.batches[batch_id]
            return httpx.Response(204)
        if path == "":
            return httpx.Response(200, json=_view(batch_id, "completed" if self.done else "in_progress"))
        rows = self._output(batch_id) if path == "output" else list(self.errors.values())
        return httpx.Response(200, text="".join(json.dumps(row) + "\n" for row in rows))

    def _take(self, request: httpx.Request) -> httpx.Response:
        self.bodies.append(request)
        if len(request.content) > self.body_bytes:
            return httpx.Response(413)
        batch_id = f"b{len(self.bodies)}"
        self.batches[batch_id] = _widths(request)
        return httpx.Response(202, json=_view(batch_id, "in_progress"))

    def _output(self, batch_id: str) -> list[Row]:
        widths = enumerate(self.batches[batch_id])
        without_result = {*self.errors, *self.missing}
        return [well(index, width) for index, width in widths if index not in without_result][::-1]


def _view(batch_id: str, status: str) -> Row:
    counts = dict.fromkeys(("total", "succeeded", "failed", "canceled", "expired", "in_progress"), 0)
    return {"id": batch_id, "status": status, "counts": counts, "created_at": "2026-01-01T00:00:00Z"}


def _widths(request: httpx.Request) -> list[int]:
    if request.headers["content-type"] == "application/x-ndjson":
        lines = [json.loads(line) for line in request.content.splitlines()]
        assert [line["custom_id"] for line in lines] == [str(index) for index in range(len(lines))]
        assert all(line["services"] == list(ASKED) for line in lines)
        return [int(line["reference"].rpartition("/")[2].removesuffix(".png")) for line in lines]
    assert request.url.params["services"] == ",".join(ASKED)
    with tarfile.open(fileobj=io.BytesIO(request.content)) as archive:
        files = [archive.extractfile(str(index)) for index, _ in enumerate(archive.getnames())]
        images = [cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_COLOR) for file in files if file]
    return [image.shape[1] for image in images if image is not None]


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk.executors.api_client, "PAUSE_S", 0.0)


def ages(executor: HttpExecutor, ticket: str) -> list[Any]:
    """The outcome of a ticket: the age or failure of each photo, or the one failure of all; None if it is lost."""
    assert list(executor.ended(0)) == [ticket]
    outcome = executor.outcome(ticket)
    assert outcome is not None
    if outcome.items is None:
        return [outcome.failure.type if outcome.failure else None]
    return [item.failures[-1].type if item.failed else item.sample.objects[0].age for item in outcome.items]


@pytest.mark.parametrize("by_reference", [True, False])
def test_what_is_sent_together_is_one_batch_and_comes_back_in_its_order(by_reference: bool) -> None:
    api = FakeApi()
    executor = api.executor()
    ticket = executor.send([photo(width, by_reference=by_reference) for width in (30, 10, 20)])
    assert ages(executor, ticket) == [30, 10, 20]
    assert len(api.bodies) == 1
    outcome = executor.outcome(ticket)
    assert outcome is not None
    assert outcome.items is not None
    assert [item.sample.size for item in outcome.items] == [(10, 30), (10, 10), (10, 20)]
    executor.erase(ticket)
    assert api.batches == {}


def test_each_photo_that_failed_has_its_reason() -> None:
    api = FakeApi()
    api.errors = {1: wrong(1, "invalid_image"), 2: wrong(2, "model_error", service="age-estimator")}
    executor = api.executor()
    ticket = executor.send([photo(10), photo(20), photo(30)])
    assert ages(executor, ticket) == [10, "invalid_image", "model_error"]
    outcome = executor.outcome(ticket)
    assert outcome is not None
    assert outcome.items is not None
    assert outcome.items[2].failures == [Failure(service="age-estimator", type="model_error", message="why")]


@pytest.mark.parametrize("kind", ["canceled", "expired"])
def test_what_others_ended_or_was_not_done_in_time_is_lost_not_failed(kind: str) -> None:
    api = FakeApi()
    api.errors = {1: wrong(1, kind)}
    executor = api.executor()
    assert ages(executor, executor.send([photo(10), photo(20)])) == [None]


def test_what_is_in_neither_results_nor_errors_is_lost() -> None:
    api = FakeApi()
    api.missing = [0]
    executor = api.executor()
    assert ages(executor, executor.send([photo(10), photo(20)])) == [None]


def test_photos_that_failed_along_with_their_neighbours_have_failed_as_a_whole() -> None:
    api = FakeApi()
    api.errors = {0: wrong(0, "poisoned", shared=True), 1: wrong(1, "poisoned", shared=True)}
    executor = api.executor()
    assert ages(executor, executor.send([photo(10), photo(20), photo(30)])) == ["poisoned"]


def test_a_batch_that_is_gone_is_lost() -> None:
    api = FakeApi()
    executor = api.executor()
    ticket = executor.send([photo(10)])
    assert ages(executor, ticket) == [10]
    api.batches.clear()
    outcome = executor.outcome(ticket)
    assert outcome is not None
    assert outcome.items is None


def test_a_busy_deployment_gets_no_batch_for_as_long_as_it_asks() -> None:
    api = FakeApi()
    executor = api.executor()
    first = executor.send([photo(10)])
    api.answers = [(429, {"Retry-After": "1"})]
    assert executor.has_room()
    executor.ended(0)
    assert not executor.has_room()
    assert executor.outcome(first) is None
    executor.ended(0)
    assert api.bodies == []
    sleep(1.05)
    assert executor.has_room()
    assert ages(executor, first) == [10]


def keys_of(api: FakeApi) -> list[str]:
    return [request.headers["idempotency-key"] for request in api.bodies]


def test_what_is_sent_again_is_sent_with_its_key() -> None:
    api = FakeApi()
    executor = api.executor()
    ticket = executor.send([photo(10)])
    api.lost = True
    with pytest.raises(StorageError):
        executor.ended(0)
    api.lost = False
    # The first request may still arrive: meanwhile other photos are sent.
    api.answers = [(409, {"Retry-After": "1"})]
    other = executor.send([photo(20)])
    assert ages(executor, other) == [20]
    executor.erase(other)
    sleep(1.05)
    assert ages(executor, ticket) == [10]
    first, second, third = keys_of(api)
    assert first == third != second


def test_there_is_room_again_once_a_batch_is_over() -> None:
    api = FakeApi()
    api.done = False
    executor = api.executor()
    tickets = [executor.send([photo(10)])]
    assert list(executor.ended(0)) == []
    tickets.append(executor.send([photo(20)]))
    api.answers = [(429, {"Retry-After": "30"})]
    assert list(executor.ended(0)) == []
    assert not executor.has_room()
    api.done = True
    assert list(executor.ended(0)) == tickets[:1]
    assert executor.has_room()


@pytest.mark.parametrize("answer", [None, (503, {"Retry-After": "0"}), (500, {}), (408, {})])
def test_a_deployment_that_is_away_loses_nothing(answer: tuple[int, Mapping[str, str]] | None) -> None:
    api = FakeApi()
    executor = api.executor()
    ticket = executor.send([photo(10)])
    for _ in range(2):
        api.answers = [answer]
        with pytest.raises(StorageError):
            executor.ended(0)
    assert ages(executor, ticket) == [10]
    api.answers = [answer]
    with pytest.raises(StorageError):
        executor.outcome(ticket)
    outcome = executor.outcome(ticket)
    assert outcome is not None
    assert outcome.items is not None
    assert len(api.bodies) == 1


def test_bodies_that_are_too_large_are_halved_and_stay_small() -> None:
    api = FakeApi()
    api.body_bytes = 4000  # two photos and the end of an archive
    executor = api.executor()
    ticket = executor.send([photo(width) for width in range(1, 9)])
    while not executor.ended(0):
        pass
    outcome = executor.outcome(ticket)
    assert outcome is not None
    assert outcome.items is not None
    assert [item.sample.objects[0].age for item in outcome.items] == list(range(1, 9))
    assert [len(widths) for widths in api.batches.values()] == [2, 2, 2, 2]
    executor.erase(ticket)
    assert api.batches == {}


def test_a_deployment_that_refuses_what_is_asked_ends_the_run() -> None:
    api = FakeApi()
    executor = api.executor()
    executor.send([photo(10)])
    api.answers = [(422, {})]
    with pytest.raises(ExecutorLost, match="422"):
        executor.ended(0)
    api.body_bytes = 1
    with pytest.raises(ExecutorLost, match="one photo"):
        executor.ended(0)
