"""Batches shared by threads: on a GPU a batch takes little longer than a row, so callers share the runs of a model."""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import accumulate
from logging import getLogger
from threading import Condition, Thread

import numpy as np

from models.errors import ModelError, OutOfMemory
from models.runtime.session import FloatArray, WarmableSession
from models.runtime.staging import Staging
from traces import spans

log = getLogger(__name__)

Outputs = Mapping[str, FloatArray]


@dataclass(frozen=True, slots=True, eq=False)
class _Request:
    rows: FloatArray
    traceparent: str | None
    answer: Future[Outputs] = field(default_factory=Future)


class BatchingSession:
    """A session whose callers share the runs of another session; a `models.runtime.session.Session`.

    Requests of callers wait in a queue, and one thread runs them. A batch is the request that waits longest, with those
    behind it whose rows have the same shape, as far as they fit; a request that does not fit is first in one of the
    next batches. A batch is filled with zeros to one of a few sizes, each of which ran once before the traffic: for a
    new size, the engine would search for algorithms, allocate memory, or build itself again.

    While a batch runs, the requests for the next one gather; a single request runs at once. Only after a batch with
    several requests does the thread wait a moment, so that all of its callers can send their next ones.

    Args:
        session: runs the batches; only one thread calls it. Its outputs must not share memory with its input, which is
            reused.
        max_rows: the most rows of a batch. It is lowered for good when the engine runs out of memory.
        window_s: how long the thread waits at most, after a batch with several requests.
        staging: where batches are put together.
        count_padding: is called with the rows of zeros in each batch.
    """

    def __init__(
        self,
        session: WarmableSession,
        max_rows: int = 32,
        window_s: float = 0.001,
        staging: Staging | None = None,
        count_padding: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._session = session
        self._window_s = window_s
        self._staging = staging or Staging()
        self._count_padding = count_padding
        self._buckets = [*(1 << power for power in range((max_rows - 1).bit_length())), max_rows]
        self._waiting: deque[_Request] = deque()
        self._shared_by = 1
        self._closed = False
        self._changed = Condition()
        self._thread = Thread(target=self._serve, name="batches", daemon=True)
        self._thread.start()

    @property
    def buckets(self) -> Sequence[int]:
        """The numbers of rows of a batch, in rising order."""
        return tuple(self._buckets)

    def zeros(self, rows: int) -> FloatArray:
        """See `models.runtime.session.WarmableSession.zeros`."""
        return self._session.zeros(rows)

    def run(self, batch: FloatArray) -> Outputs:
        """See `models.runtime.session.Session.run`.

        Raises:
            ModelError: the engine failed on these rows, not only on those of other callers; or the session was closed.
        """
        with spans.step("take part in batch", {"faceline.rows": len(batch)}):
            request = _Request(batch, spans.current())
            with self._changed:
                if self._closed:
                    raise ModelError("the session was closed")
                self._waiting.append(request)
                self._changed.notify()
            return request.answer.result()

    def close(self) -> None:
        """End the thread after the batch that runs; requests that still wait fail with a `ModelError`."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _serve(self) -> None:
        while batch := self._next_batch():
            self._answer(batch)

    def _next_batch(self) -> list[_Request]:
        """The requests of the next batch; none once the session is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            self._changed.wait_for(lambda: self._closed or self._is_complete(), self._window_s)
            if self._closed:
                while self._waiting:
                    self._waiting.popleft().answer.set_exception(ModelError("the session was closed"))
                return []
            batch = self._fitting()
            for request in batch:
                self._waiting.remove(request)
            self._shared_by = len(batch)
            return batch

    def _alike(self) -> list[_Request]:
        """The requests that could share a batch with the one that waits longest, in their order."""
        return [request for request in self._waiting if request.rows.shape[1:] == self._waiting[0].rows.shape[1:]]

    def _is_complete(self) -> bool:
        """Whether waiting longer gains nothing: all callers of the last batch are back, or the next batch is full."""
        alike = self._alike()
        return len(alike) >= self._shared_by or sum(len(request.rows) for request in alike) >= self._buckets[-1]

    def _fitting(self) -> list[_Request]:
        """As many requests as fit into a batch, and always the first, which may be larger than a batch."""
        alike = self._alike()
        totals = list(accumulate(len(request.rows) for request in alike))
        return alike[: max(1, bisect_right(totals, self._buckets[-1]))]

    def _answer(self, requests: Sequence[_Request]) -> None:
        """Give each request its rows; if the batch fails, run each request alone, so that only faulty ones fail."""
        ends = list(accumulate(len(request.rows) for request in requests))
        traceparents = [request.traceparent for request in requests if request.traceparent]
        try:
            with spans.shared("run batch", {"faceline.requests": len(requests)}, traceparents):
                outputs = self._run_all([row for request in requests for row in request.rows])
            answers = [
                {name: values[end - len(request.rows) : end] for name, values in outputs.items()}
                for request, end in zip(requests, ends, strict=True)
            ]
        except Exception as error:  # noqa: BLE001 - after any error, no caller may wait forever
            if len(requests) == 1:
                requests[0].answer.set_exception(error)
            else:
                for request in requests:
                    self._answer([request])
            return
        for request, answer in zip(requests, answers, strict=True):
            request.answer.set_result(answer)

    def _run_all(self, rows: Sequence[FloatArray]) -> Outputs:
        """The outputs in the order of the rows, and after them those of the zeros that fill the last run."""
        runs: list[Outputs] = []
        start = 0
        while start < len(rows):
            some = rows[start : start + self._buckets[-1]]
            try:
                runs.append(self._run_padded(some))
            except OutOfMemory:
                smaller = bisect_left(self._buckets, len(some))
                if smaller == 0:
                    raise
                del self._buckets[smaller:]
                log.warning("out of memory: batches are smaller now", extra={"max_rows": self._buckets[-1]})
            else:
                start += len(some)
        return runs[0] if len(runs) == 1 else {name: np.concatenate([run[name] for run in runs]) for name in runs[0]}

    def _run_padded(self, some: Sequence[FloatArray]) -> Outputs:
        bucket = self._buckets[bisect_left(self._buckets, len(some))]
        batch = self._staging.array((bucket, *some[0].shape))
        np.stack(some, out=batch[: len(some)])
        batch[len(some) :] = 0
        self._count_padding(bucket - len(some))
        outputs = self._session.run(batch)
        for name, values in outputs.items():
            # With another number, callers would get rows of each other.
            if len(values) != bucket:
                raise ModelError(f"the engine gave {len(values)} rows of {name} for {bucket}")
        return outputs
