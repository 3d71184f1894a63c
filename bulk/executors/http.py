"""The executor that sends batches to the API of a deployment."""

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Any
from uuid import uuid4

from pydantic_core import from_json

from bulk.errors import ExecutorLost
from bulk.executors.api_client import bulk_errors, check, pause_s
from bulk.executors.bodies import body_of, split
from bulk.executors.executor import Outcome
from bulk.validation import PhotoValidator
from faceline_client import NO_RETRIES, ApiError, Client, Gone, NotFound
from jobs.batches.batch import BatchStatus
from jobs.factory import CheckedSample
from pipelines.chunk import Failure, Item
from pipelines.dialects import DIALECTS
from pipelines.sample import Sample

MAX_BODY_BYTES = 64 * 2**20
"""Of the images of one batch: the API holds them in memory."""
MAX_IN_FLIGHT = 4
"""Chunks in flight: a deployment accepts only a few open batches of a caller."""
TIMEOUT_S = 90.0
_UNDONE = ("canceled", "expired")


@dataclass(slots=True)
class _Batch:
    """A batch that the deployment has accepted.

    Attributes:
        photos: how many it has.
    """

    id: str
    photos: int
    over: bool = False


@dataclass(slots=True)
class _NextBatch:
    """Photos that are still to be sent as a batch.

    Attributes:
        key: the idempotency key: photos that are sent again after a lost answer make no second batch.
        due: when to send them, on the monotonic clock.
    """

    photos: Sequence[CheckedSample]
    key: str = field(default_factory=lambda: uuid4().hex)
    due: float = 0.0


@dataclass(slots=True)
class _Sent:
    """The photos of one ticket.

    Attributes:
        waiting: photos that are in no batch yet.
        lost: the deployment has erased a batch.
    """

    waiting: deque[_NextBatch]
    batches: list[_Batch] = field(default_factory=list)
    lost: bool = False

    @property
    def open(self) -> Iterator[_Batch]:
        """The batches that are not known to be over."""
        return (batch for batch in self.batches if not batch.over)


class HttpExecutor:
    """An `Executor`. The photos of a ticket are one batch, or several if they are large.

    Args:
        client: of the deployment; without retries, since a run goes on with other photos meanwhile.
        validator: has the services and options.
    """

    max_in_flight = MAX_IN_FLIGHT
    by_reference = None

    def __init__(self, client: Client, validator: PhotoValidator) -> None:
        self._client = client
        self._validator = validator
        self._sent: dict[str, _Sent] = {}
        self._to_erase: list[str] = []
        self._max_body_bytes = MAX_BODY_BYTES
        self._busy_until = 0.0

    def check(self) -> None:
        """See `Executor.check`: a lost deployment shows as a failed request."""

    def models(self) -> Mapping[str, str]:
        """See `Executor.models`."""
        with bulk_errors(self._client):
            return {model.name: model.sha256 for model in self._client.version().models}

    def has_room(self) -> bool:
        """See `Executor.has_room`: a busy deployment answers with 429."""
        return monotonic() >= self._busy_until

    def send(self, photos: Sequence[CheckedSample]) -> str:
        """See `Executor.send`. The next call of `ended` sends the photos."""
        ticket = uuid4().hex
        self._sent[ticket] = _Sent(deque(map(_NextBatch, split(photos, self._max_body_bytes))))
        return ticket

    def ended(self, wait_s: float) -> Collection[str]:
        """See `Executor.ended`. It waits for the oldest ticket.

        Raises:
            ExecutorLost: the deployment refuses a batch.
        """
        self._erase()
        for sent in self._sent.values():
            while sent.waiting and sent.waiting[0].due <= monotonic() and self.has_room():
                self._post(sent)
        for ticket, sent in self._sent.items():
            for batch in sent.open:
                self._update(sent, batch, wait_s)
                return [ticket] if batch.over else []
        sleep(wait_s)
        return list(self._sent)

    def outcome(self, ticket: str) -> Outcome | None:
        """See `Executor.outcome`."""
        sent = self._sent[ticket]
        for batch in sent.open:
            self._update(sent, batch)
        if sent.lost:
            return Outcome(None)
        if sent.waiting or any(sent.open):
            return None
        items: list[Item] = []
        for batch in sent.batches:
            outcome = self._outcome(batch)
            if outcome.items is None:
                return outcome
            items += outcome.items
        return Outcome(items)

    def erase(self, ticket: str) -> None:
        """See `Executor.erase`."""
        self._to_erase += [batch.id for batch in self._sent.pop(ticket).batches]
        self._erase()

    def _erase(self) -> None:
        """Erase batches; after an error, the next call continues."""
        while self._to_erase:
            with bulk_errors(self._client):
                self._client.erase_batch(self._to_erase[-1])
            self._to_erase.pop()

    def _post(self, sent: _Sent) -> None:
        """Send the next batch of a ticket."""
        batch = sent.waiting[0]
        photos = batch.photos
        body = body_of(photos, self._validator.services, self._validator.options.on_error)
        try:
            with bulk_errors(self._client):
                accepted = self._client.submit_batch(body.content, body.media_type, batch.key, **body.work)
        except ExecutorLost as error:
            self._refused(sent, len(body.content), error)
        else:
            sent.waiting.popleft()
            sent.batches.append(_Batch(accepted.id, len(photos)))

    def _refused(self, sent: _Sent, size: int, error: ExecutorLost) -> None:
        """Plan what becomes of a batch that the deployment did not take now, or that is too large.

        Raises:
            ExecutorLost: the deployment never takes it.
        """
        batch, refusal = sent.waiting[0], error.__cause__
        status = refusal.status if isinstance(refusal, ApiError) else None
        if isinstance(refusal, ApiError) and status == 429:
            self._busy_until = monotonic() + pause_s(refusal)
        elif isinstance(refusal, ApiError) and status == 409:
            # An earlier request with this key was cut off, and the deployment has not given up on it yet.
            batch.due = monotonic() + pause_s(refusal)
        elif isinstance(refusal, Gone):
            # The batch was erased while it came in: its photos become another one.
            sent.waiting[0] = _NextBatch(batch.photos)
        elif status == 413 and len(batch.photos) > 1:
            half = len(batch.photos) // 2
            self._max_body_bytes = min(self._max_body_bytes, size // 2)
            sent.waiting.popleft()
            sent.waiting.extendleft([_NextBatch(batch.photos[half:]), _NextBatch(batch.photos[:half])])
        elif status == 413:
            raise ExecutorLost(f"the deployment refuses a batch of one photo as too large: {refusal}") from refusal
        else:
            raise error

    def _update(self, sent: _Sent, batch: _Batch, wait_s: float = 0) -> None:
        with bulk_errors(self._client):
            try:
                batch.over = BatchStatus(self._client.get_batch(batch.id, wait_s).status).over
            except NotFound:
                sent.lost = batch.over = True
        if batch.over:
            # A deployment that was busy has room for another batch now.
            self._busy_until = 0.0

    def _outcome(self, batch: _Batch) -> Outcome:
        """The results of a batch; none if some of its photos have to be sent again."""
        items: list[Item | None] = [None] * batch.photos
        for row in self._rows(self._client.download_results, batch):
            items[int(row["custom_id"])] = _item(row)
        for row in self._rows(self._client.download_errors, batch):
            failure = Failure(service=row["service"], type=row["type"], message=str(row["detail"]))
            if row["shared"] or row["custom_id"] is None:
                return Outcome(None, failure)
            if failure.type not in _UNDONE:
                items[int(row["custom_id"])] = Item(sample=Sample(), failures=[failure], failed=True)
        known = [item for item in items if item is not None]
        return Outcome(known if len(known) == len(items) else None)

    def _rows(self, download: Callable[[str], bytes], batch: _Batch) -> list[dict[str, Any]]:
        with bulk_errors(self._client):
            try:
                return [from_json(line) for line in download(batch.id).splitlines()]
            except NotFound:
                return []


@contextmanager
def http_executor(url: str, validator: PhotoValidator, key: str | None = None) -> Iterator[HttpExecutor]:
    """The executor on the API of a running deployment.

    Args:
        url: of the API.
        validator: of the run.
        key: the API key, for deployments that ask for one.

    Raises:
        ExecutorLost: there is no API at the address, or the deployment has no worker.
    """
    try:
        client = Client(url, key, timeout_s=TIMEOUT_S, retries=NO_RETRIES)
    except ValueError as error:
        raise ExecutorLost(str(error)) from error
    with client:
        check(client)
        yield HttpExecutor(client, validator)


def _item(row: Mapping[str, Any]) -> Item:
    answer, height, width = row["result"], row["image_height"], row["image_width"]
    objects = {"objects": answer.get("objects", [])}
    sample = DIALECTS["v2"].read(objects, None if height is None else (height, width))
    return Item(sample=sample, failures=[Failure.model_validate(error) for error in answer.get("errors", [])])
