"""A deployment behind its API: each photo is a job of its own."""

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from queue import Empty, SimpleQueue
from time import sleep
from typing import Any
from uuid import uuid4

import httpx

from bulk.desk import Desk
from bulk.errors import FleetLost
from bulk.fleet import Ended
from models.errors import InvalidRequest
from pipelines.chunk import Failure, Item
from pipelines.dialects import DIALECTS
from pipelines.errors import StorageError
from pipelines.job import Priority
from pipelines.submission import Checked

AT_A_TIME = 16
"""So many photos are under way."""
WAIT_S = 30
TRIES = 10
_BUSY = (429, 502, 503, 504)


class HttpFleet:
    """A `Fleet`.

    Args:
        client: of the API.
        desk: says what is asked for.
    """

    def __init__(self, client: httpx.Client, desk: Desk) -> None:
        self._client = client
        options = {"on_error": desk.options.on_error, "priority": Priority.BULK.value, "dialect": "v2"}
        self._form = {"services": ",".join(desk.services), **options}
        self._pool = ThreadPoolExecutor(AT_A_TIME)
        self._tickets: dict[str, list[Future[Item | None]]] = {}
        self._ended: SimpleQueue[str] = SimpleQueue()

    def models(self) -> Mapping[str, str]:
        """See `Fleet.models`."""
        return {model["name"]: model["sha256"] for model in self._ask("GET", "/version")["models"]}

    def has_room(self) -> bool:
        """See `Fleet.has_room`: the deployment says so itself, with 429."""
        return True

    def send(self, photos: Sequence[Checked]) -> str:
        """See `Fleet.send`."""
        ticket = uuid4().hex
        jobs = [self._pool.submit(self._run, photo) for photo in photos]
        self._tickets[ticket] = jobs
        for job in jobs:
            job.add_done_callback(lambda _: self._ended.put(ticket))
        return ticket

    def ended(self, wait_s: float) -> Collection[str]:
        """See `Fleet.ended`."""
        with suppress(Empty):
            return [self._ended.get(timeout=wait_s)]
        return []

    def look(self, ticket: str) -> Ended | None:
        """See `Fleet.look`."""
        jobs = self._tickets[ticket]
        if not all(job.done() for job in jobs):
            return None
        items = [item for job in jobs if (item := job.result())]
        return Ended(items if len(items) == len(jobs) else None)

    def forget(self, ticket: str) -> None:
        """See `Fleet.forget`. What runs at the moment is erased when it is over."""
        for job in self._tickets.pop(ticket):
            job.cancel()

    def close(self) -> None:
        """Wait for what runs at the moment, and erase it."""
        self._pool.shutdown(cancel_futures=True)

    def _run(self, photo: Checked) -> Item | None:
        """The sample of a photo; None if it got lost."""
        try:
            job = self._ask("POST", "/jobs/image", data=self._form, files={"image": photo.image})
            path = f"/jobs/{job['id']}"
            while job["status"] in ("queued", "running"):
                job = self._ask("GET", path, params={"wait": WAIT_S})
            self._client.delete(path)
        except InvalidRequest as error:
            return _dead(photo, Failure(service=None, type="refused", message=str(error)))
        except (StorageError, httpx.TransportError):
            return None
        if job["status"] == "succeeded":
            return _item(photo, job["result"])
        return _dead(photo, Failure.model_validate(job["error"])) if job.get("error") else None

    def _ask(self, method: str, path: str, **parts: Any) -> Any:
        """The answer to a request; asked again while the deployment is away or busy.

        Raises:
            InvalidRequest: the deployment refuses it.
            StorageError: it did not answer.
        """
        for tried in range(TRIES):
            try:
                response = self._client.request(method, path, **parts)
            except httpx.TransportError:
                sleep(min(2**tried / 4, 10))
                continue
            if response.is_success:
                return response.json()
            if response.status_code not in _BUSY:
                raise InvalidRequest(f"{method} {path}: {response.status_code} {response.text[:500]}")
            sleep(float(response.headers.get("Retry-After", 1)))
        raise StorageError(f"{self._client.base_url} did not answer")


def check_api(client: httpx.Client) -> None:
    """Make sure that there is an API.

    Raises:
        FleetLost: there is none.
    """
    try:
        client.get("/version").raise_for_status()
    except httpx.HTTPError as error:
        raise FleetLost(f"no deployment answers at {client.base_url}: {error}") from error


def _item(photo: Checked, answer: Mapping[str, Any]) -> Item:
    failures = [Failure.model_validate(error) for error in answer.get("errors", [])]
    sample = DIALECTS["v2"].read({"objects": answer["objects"]}, photo.sample.size)
    return Item(sample=sample, failures=failures)


def _dead(photo: Checked, failure: Failure) -> Item:
    return Item(sample=photo.sample, failures=[failure], dead=True)
