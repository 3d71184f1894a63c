"""Runs models alone in a loop, on as many rows as the services give them: the baseline of `bench.gpu`."""

from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

import numpy as np

from models.runtime.session import FloatArray, Session, SessionSource, WarmableSession, run_zeros

Work = Mapping[tuple[str, tuple[int, ...]], int]
"""The number of rows that one photo costs, by model and shape of a row."""


class RowCounter:
    """Gives sessions that count the rows that services run on them."""

    def __init__(self, source: SessionSource) -> None:
        self._source = source
        self.work: Counter[tuple[str, tuple[int, ...]]] = Counter()

    def session(self, model: str) -> Session:
        """The counting session of a model."""
        return _CountingSession(model, self._source(model), self.work)


class _CountingSession:
    def __init__(self, model: str, session: Session, work: Counter[tuple[str, tuple[int, ...]]]) -> None:
        self._model = model
        self._session = session
        self._work = work

    def run(self, batch: FloatArray) -> Mapping[str, FloatArray]:
        self._work[self._model, batch.shape[1:]] += len(batch)
        return self._session.run(batch)


def bare_photos_per_s(sessions: SessionSource, work: Work, max_rows: int, seconds: float) -> float:
    """Photos per second of the models alone, in full batches, with one thread per model."""
    batches = {key: np.zeros((max_rows, *key[1]), np.float32) for key in work}

    def run(key: tuple[str, tuple[int, ...]]) -> None:
        for _ in range(work[key]):
            sessions(key[0]).run(batches[key])

    with ThreadPoolExecutor(len(work)) as pool:
        list(pool.map(run, work))
        rounds, started = 0, perf_counter()
        while perf_counter() < started + seconds:
            list(pool.map(run, work))
            rounds += 1
        # A round runs one full batch for each row of a photo: as many photos as a batch has rows.
        return rounds * max_rows / (perf_counter() - started)


def rows_per_s(session: WarmableSession, rows: int, seconds: float) -> float:
    """Rows per second of a model in batches of `rows`, with the copies to the device and back."""
    run_zeros(session, rows)
    took_ms, runs = 0.0, 0
    while took_ms < seconds * 1000:
        took_ms += run_zeros(session, rows)
        runs += 1
    return rows * runs / took_ms * 1000
