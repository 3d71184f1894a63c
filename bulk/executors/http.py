"""A deployment behind its API: photos that are sent together are a batch, or a few where they are large."""

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Any
from uuid import uuid4

from pydantic_core import from_json

from bulk.errors import ExecutorLost
from bulk.executors.api_client import ApiClient, pause_s
from bulk.executors.bodies import Body, archive, lines
from bulk.executors.executor import Ended
from bulk.validation import PhotoValidator
from jobs.batches.batch import BatchStatus
from jobs.factory import Checked
from pipelines.chunk import Failure, Item
from pipelines.dialects import DIALECTS
from pipelines.sample import Sample

BODY_BYTES = 64 * 2**20
"""Of the images of one batch: the API holds them in memory, and refuses more than it was told to take."""
_GONE = (404, 410)
_UNDONE = ("canceled", "expired")


@dataclass(slots=True)
class _Batch:
    """A batch of the deployment, of so many photos."""

    id: str
    photos: int
    over: bool = False


@dataclass(slots=True)
class _Request:
    """Photos that are to be a batch.

    Attributes:
        key: makes them one batch, however often they are sent because no answer came.
        due: when to send them, on the monotonic clock.
    """

    photos: Sequence[Checked]
    key: str = field(default_factory=lambda: uuid4().hex)
    due: float = 0.0


@dataclass(slots=True)
class _Sent:
    """What was sent together.

    Attributes:
        waiting: photos that are in no batch yet.
        lost: a batch is gone.
    """

    waiting: deque[_Request]
    batches: list[_Batch] = field(default_factory=list)
    lost: bool = False

    @property
    def open(self) -> Iterator[_Batch]:
        """The batches that may not be over."""
        return (batch for batch in self.batches if not batch.over)


class HttpExecutor:
    """A `Executor`.

    Args:
        api: of the deployment.
        validator: says what is asked for.
    """

    def __init__(self, api: ApiClient, validator: PhotoValidator) -> None:
        self._api = api
        self._validator = validator
        self._sent: dict[str, _Sent] = {}
        self._doomed: list[str] = []
        self._body_bytes = BODY_BYTES
        self._back_at = 0.0

    def models(self) -> Mapping[str, str]:
        """See `Executor.models`."""
        return {model["name"]: model["sha256"] for model in self._api.ask("GET", "/version").json()["models"]}

    def has_room(self) -> bool:
        """See `Executor.has_room`: the deployment says so itself, with 429."""
        return monotonic() >= self._back_at

    def send(self, photos: Sequence[Checked]) -> str:
        """See `Executor.send`: they leave when next somebody asks what has ended."""
        ticket = uuid4().hex
        self._sent[ticket] = _Sent(deque(map(_Request, _groups(photos, self._body_bytes))))
        return ticket

    def ended(self, wait_s: float) -> Collection[str]:
        """See `Executor.ended`: of what is under way, it waits for what was sent first.

        Raises:
            ExecutorLost: the deployment refuses what is sent.
        """
        self._erase()
        for sent in self._sent.values():
            while sent.waiting and sent.waiting[0].due <= monotonic() and self.has_room():
                self._post(sent)
        for ticket, sent in self._sent.items():
            for batch in sent.open:
                self._look(sent, batch, wait_s)
                return [ticket] if batch.over else []
        sleep(wait_s)
        return list(self._sent)

    def look(self, ticket: str) -> Ended | None:
        """See `Executor.look`."""
        sent = self._sent[ticket]
        for batch in sent.open:
            self._look(sent, batch)
        if sent.lost:
            return Ended(None)
        if sent.waiting or any(sent.open):
            return None
        items: list[Item] = []
        for batch in sent.batches:
            read = self._read(batch)
            if read.items is None:
                return read
            items += read.items
        return Ended(items)

    def forget(self, ticket: str) -> None:
        """See `Executor.forget`."""
        self._doomed += [batch.id for batch in self._sent.pop(ticket).batches]
        self._erase()

    def _erase(self) -> None:
        """Erase what is to be forgotten; what is left because nobody answers goes the next time."""
        while self._doomed:
            self._api.ask("DELETE", f"/batches/{self._doomed[-1]}", accept=_GONE)
            self._doomed.pop()

    def _post(self, sent: _Sent) -> None:
        request = sent.waiting[0]
        photos = request.photos
        body = self._body(photos)
        headers = {"Content-Type": body.kind, "Idempotency-Key": request.key}
        response = self._api.ask(
            "POST", "/batches", accept=(409, 413, 429), params=body.query, content=body.content, headers=headers
        )
        if response.status_code == 429:
            self._back_at = monotonic() + pause_s(response)
            return
        if response.status_code == 409:
            # It came in before, in part, and whether the rest comes is not known yet.
            request.due = monotonic() + pause_s(response)
            return
        sent.waiting.popleft()
        if response.status_code != 413:
            sent.batches.append(_Batch(response.json()["id"], len(photos)))
        elif len(photos) > 1:
            half = len(photos) // 2
            self._body_bytes = min(self._body_bytes, len(body.content) // 2)
            sent.waiting.extendleft([_Request(photos[half:]), _Request(photos[:half])])
        else:
            raise ExecutorLost(f"the deployment does not even take one photo at a time: {response.text[:500]}")

    def _body(self, photos: Sequence[Checked]) -> Body:
        services, on_error = self._validator.services, self._validator.options.on_error
        images = [photo.image for photo in photos if photo.image is not None]
        if images:
            return archive(images, services, on_error)
        return lines([photo.source for photo in photos if photo.source is not None], services, on_error)

    def _look(self, sent: _Sent, batch: _Batch, wait_s: float = 0) -> None:
        response = self._api.ask("GET", f"/batches/{batch.id}", accept=_GONE, params={"wait": wait_s})
        sent.lost = sent.lost or response.status_code in _GONE
        batch.over = sent.lost or BatchStatus(response.json()["status"]).over
        if batch.over:
            # There is a place again that was taken when the deployment said that it is busy.
            self._back_at = 0.0

    def _read(self, batch: _Batch) -> Ended:
        """What a batch has come to: nothing, where some of it has to be sent again."""
        items: list[Item | None] = [None] * batch.photos
        for row in self._rows(batch, "output"):
            items[int(row["custom_id"])] = _item(row)
        for row in self._rows(batch, "errors"):
            failure = Failure(service=row["service"], type=row["type"], message=str(row["detail"]))
            if row["shared"] or row["custom_id"] is None:
                return Ended(None, failure)
            if failure.type not in _UNDONE:
                items[int(row["custom_id"])] = Item(sample=Sample(), failures=[failure], dead=True)
        known = [item for item in items if item is not None]
        return Ended(known if len(known) == len(items) else None)

    def _rows(self, batch: _Batch, path: str) -> list[dict[str, Any]]:
        response = self._api.ask("GET", f"/batches/{batch.id}/{path}", accept=_GONE)
        return [] if response.status_code in _GONE else [from_json(line) for line in response.content.splitlines()]


def _groups(photos: Sequence[Checked], most_bytes: int) -> list[Sequence[Checked]]:
    """Neighbours whose images have no more bytes together; each time at least one."""
    groups: list[list[Checked]] = []
    left = 0
    for photo in photos:
        size = len(photo.image or b"")
        if not groups or size > left:
            groups.append([])
            left = most_bytes
        groups[-1].append(photo)
        left -= size
    return list(groups)


def _item(row: Mapping[str, Any]) -> Item:
    answer, height, width = row["result"], row["image_height"], row["image_width"]
    sample = DIALECTS["v2"].read({"objects": answer["objects"]}, None if height is None else (height, width))
    return Item(sample=sample, failures=[Failure.model_validate(error) for error in answer.get("errors", [])])
