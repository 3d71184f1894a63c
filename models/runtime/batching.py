"""Batches across threads: on a GPU a batch costs little more than a row, so callers share the runs of a model."""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import accumulate
from logging import getLogger
from threading import Condition, Thread

import numpy as np

from models.errors import ModelError, OutOfMemory
from models.runtime.session import FloatArray, Rehearsable
from models.runtime.staging import Staging

log = getLogger(__name__)

Outputs = Mapping[str, FloatArray]


@dataclass(frozen=True, slots=True, eq=False)
class _Request:
    rows: FloatArray
    answer: Future[Outputs] = field(default_factory=Future)


class BatchingSession:
    """A session on top of another one, whose callers share its runs; a `models.runtime.session.Session`.

    Callers queue up, and one thread serves them. It takes the one that waits longest, and with it those behind it whose
    rows have the same shape, as far as they fit; what does not fit leads the next batch or one soon after. A batch is
    filled up with zeros to one of a few sizes, all of which were rehearsed before: for a size that it has not seen, the
    engine would search for algorithms, allocate, or even build anew in the middle of the traffic.

    While a batch runs, the next one gathers; a caller who comes alone is served at once. Only where callers have just
    shared a batch does the thread give all of them a moment to come again.

    Args:
        session: runs the batches, and is called by one thread only. What it answers must not share memory with what it
            was given, which is used again.
        max_rows: the most rows of a batch. It is lowered for good when the engine runs out of memory.
        window_s: how long a batch gathers at most once callers share batches.
        staging: where batches are laid out.
    """

    def __init__(
        self, session: Rehearsable, max_rows: int = 32, window_s: float = 0.001, staging: Staging | None = None
    ) -> None:
        self._session = session
        self._window_s = window_s
        self._staging = staging or Staging()
        self._buckets = [*(1 << power for power in range((max_rows - 1).bit_length())), max_rows]
        self._waiting: deque[_Request] = deque()
        self._company = 1
        self._closed = False
        self._changed = Condition()
        self._thread = Thread(target=self._serve, name="batches", daemon=True)
        self._thread.start()

    @property
    def buckets(self) -> Sequence[int]:
        """The numbers of rows that the engine sees, in rising order."""
        return tuple(self._buckets)

    def blank(self, rows: int) -> FloatArray:
        """See `models.runtime.session.Rehearsable.blank`."""
        return self._session.blank(rows)

    def run(self, batch: FloatArray) -> Outputs:
        """See `models.runtime.session.Session.run`.

        Raises:
            ModelError: the engine failed on these rows, not on those of others; or the session was closed.
        """
        request = _Request(batch)
        with self._changed:
            if self._closed:
                raise ModelError("the session was closed")
            self._waiting.append(request)
            self._changed.notify()
        return request.answer.result()

    def close(self) -> None:
        """End the thread once the batch that runs is answered; who still waits gets a `ModelError`."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _serve(self) -> None:
        while batch := self._next_batch():
            self._answer(batch)

    def _next_batch(self) -> list[_Request]:
        """The requests that share the next batch; none after the end."""
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
            self._company = len(batch)
            return batch

    def _alike(self) -> list[_Request]:
        """The requests that could share a batch with the one that waits longest, in their order."""
        return [request for request in self._waiting if request.rows.shape[1:] == self._waiting[0].rows.shape[1:]]

    def _is_complete(self) -> bool:
        """Whether waiting is in vain: as many callers are back as shared the last batch, or the next one is full."""
        alike = self._alike()
        return len(alike) >= self._company or sum(len(request.rows) for request in alike) >= self._buckets[-1]

    def _fitting(self) -> list[_Request]:
        """As many as fit, the first in any case: it may be larger than a batch."""
        alike = self._alike()
        totals = list(accumulate(len(request.rows) for request in alike))
        return alike[: max(1, bisect_right(totals, self._buckets[-1]))]

    def _answer(self, requests: Sequence[_Request]) -> None:
        """Give each request its rows; where a batch fails, try each request alone, so that only the culprit fails."""
        ends = list(accumulate(len(request.rows) for request in requests))
        try:
            outputs = self._run_in_parts([row for request in requests for row in request.rows])
            answers = [
                {name: values[end - len(request.rows) : end] for name, values in outputs.items()}
                for request, end in zip(requests, ends, strict=True)
            ]
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody must wait forever
            if len(requests) == 1:
                requests[0].answer.set_exception(error)
            else:
                for request in requests:
                    self._answer([request])
            return
        for request, answer in zip(requests, answers, strict=True):
            request.answer.set_result(answer)

    def _run_in_parts(self, rows: Sequence[FloatArray]) -> Outputs:
        """The answers in the order of the rows, and behind them what the filling of the last part gave."""
        runs: list[Outputs] = []
        start = 0
        while start < len(rows):
            part = rows[start : start + self._buckets[-1]]
            try:
                runs.append(self._run_padded(part))
            except OutOfMemory:
                smaller = bisect_left(self._buckets, len(part))
                if smaller == 0:
                    raise
                del self._buckets[smaller:]
                log.warning("out of memory, smaller batches from now on", extra={"max_rows": self._buckets[-1]})
            else:
                start += len(part)
        return runs[0] if len(runs) == 1 else {name: np.concatenate([run[name] for run in runs]) for name in runs[0]}

    def _run_padded(self, part: Sequence[FloatArray]) -> Outputs:
        bucket = self._buckets[bisect_left(self._buckets, len(part))]
        batch = self._staging.array((bucket, *part[0].shape))
        np.stack(part, out=batch[: len(part)])
        batch[len(part) :] = 0
        outputs = self._session.run(batch)
        for name, values in outputs.items():
            # Otherwise callers would get rows of each other.
            if len(values) != bucket:
                raise ModelError(f"the engine gave {len(values)} rows of {name} for {bucket}")
        return outputs
