"""The fake engine answers each row with its own first value, and keeps what it was given."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from threading import Event
from time import monotonic, sleep

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import ModelError, OutOfMemory
from models.runtime.batching import BatchingSession
from models.runtime.session import FloatArray

POISON = -1.0
LONG_S = 30.0


class Echo:
    """Runs as soon as `gate` is open; cannot bear `POISON`, nor more rows than its memory holds."""

    def __init__(self, memory_rows: int = 1000) -> None:
        self.batches: list[FloatArray] = []
        self.memory_rows = memory_rows
        self.gate = Event()
        self.gate.set()
        self.entered = Event()

    def run(self, batch: FloatArray) -> Mapping[str, FloatArray]:
        self.entered.set()
        assert self.gate.wait(LONG_S)
        self.batches.append(batch.copy())
        if len(batch) > self.memory_rows:
            raise OutOfMemory("no memory")
        if (batch == POISON).any():
            raise ModelError("poisoned")
        return {"value": batch.reshape(len(batch), -1)[:, :1].copy(), "sum": batch.reshape(len(batch), -1).sum(axis=1)}

    def zeros(self, rows: int) -> FloatArray:
        return np.zeros((rows, 2), np.float32)

    @property
    def sizes(self) -> list[int]:
        return [len(batch) for batch in self.batches]


@contextmanager
def batching(engine: Echo, max_rows: int = 8, window_s: float = 0.0) -> Iterator[BatchingSession]:
    session = BatchingSession(engine, max_rows, window_s)
    try:
        yield session
    finally:
        engine.gate.set()
        session.close()


def rows(*values: float, width: int = 2) -> FloatArray:
    return np.repeat(np.array(values, np.float32)[:, None], width, axis=1)


def values(answer: Mapping[str, FloatArray]) -> list[float]:
    found: list[float] = answer["value"][:, 0].tolist()
    return found


def queued(session: BatchingSession, count: int) -> None:
    deadline = monotonic() + LONG_S
    while len(session._waiting) < count:
        assert monotonic() < deadline
        sleep(0.0005)


def in_turn(
    session: BatchingSession, engine: Echo, pool: ThreadPoolExecutor, requests: Sequence[FloatArray]
) -> list[Future[Mapping[str, FloatArray]]]:
    """The first request runs while the others queue up behind it, in this order."""
    engine.gate.clear()
    engine.entered.clear()
    futures = [pool.submit(session.run, requests[0])]
    assert engine.entered.wait(LONG_S)
    for count, request in enumerate(requests[1:], start=1):
        futures.append(pool.submit(session.run, request))
        queued(session, count)
    engine.gate.set()
    return futures


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as threads:
        yield threads


def test_who_comes_alone_is_served_at_once(pool: ThreadPoolExecutor) -> None:
    engine = Echo()
    with batching(engine, window_s=LONG_S) as session:
        for value in (1, 2, 3):
            assert values(pool.submit(session.run, rows(value)).result(LONG_S / 3)) == [value]
    assert engine.sizes == [1, 1, 1]


def test_those_who_wait_share_the_next_batch_in_their_order(pool: ThreadPoolExecutor) -> None:
    engine = Echo()
    with batching(engine) as session:
        futures = in_turn(session, engine, pool, [rows(1), rows(2, 3), rows(4), rows(5, 6, 7, 8, 9)])
        assert [values(future.result(LONG_S)) for future in futures] == [[1], [2, 3], [4], [5, 6, 7, 8, 9]]
    assert [batch[:, 0].tolist() for batch in engine.batches] == [[1], [2, 3, 4, 5, 6, 7, 8, 9]]


def test_who_does_not_fit_leads_the_next_batch_and_is_not_overtaken(pool: ThreadPoolExecutor) -> None:
    engine = Echo()
    with batching(engine, max_rows=4) as session:
        futures = in_turn(session, engine, pool, [rows(1), rows(2, 3, 4), rows(5, 6), rows(7)])
        assert [values(future.result(LONG_S)) for future in futures] == [[1], [2, 3, 4], [5, 6], [7]]
    # One row of 7 would have fitted behind 2, 3, 4.
    assert [batch[:, 0].tolist() for batch in engine.batches] == [[1], [2, 3, 4, 0], [5, 6, 7, 0]]


def test_batches_are_filled_up_to_a_bucket_with_zeros(pool: ThreadPoolExecutor) -> None:
    engine = Echo()
    with batching(engine, max_rows=12) as session:
        assert session.buckets == (1, 2, 4, 8, 12)
        for count, bucket in ((1, 1), (2, 2), (3, 4), (5, 8), (9, 12), (12, 12)):
            # What the batch before left in the memory must not show.
            session.run(rows(*range(100, 112)))
            assert len(session.run(rows(*range(1, count + 1)))["sum"]) == count
            assert len(engine.batches[-1]) == bucket
            assert not engine.batches[-1][count:].any()


def test_a_request_larger_than_a_batch_runs_in_parts(pool: ThreadPoolExecutor) -> None:
    engine = Echo()
    with batching(engine, max_rows=4) as session:
        futures = in_turn(session, engine, pool, [rows(0), rows(*range(1, 12)), rows(50)])
        assert [values(future.result(LONG_S)) for future in futures] == [[0], [*range(1, 12)], [50]]
    assert engine.sizes == [1, 4, 4, 4, 1]


def test_rows_of_another_shape_take_another_batch_and_neither_kind_starves(pool: ThreadPoolExecutor) -> None:
    engine = Echo()
    with batching(engine) as session:
        wide = [rows(value, width=3) for value in (10, 11)]
        futures = in_turn(session, engine, pool, [rows(0), rows(1), wide[0], rows(2), wide[1]])
        assert [values(future.result(LONG_S)) for future in futures] == [[0], [1], [10], [2], [11]]
    assert [batch[:, 0].tolist() for batch in engine.batches] == [[0], [1, 2], [10, 11]]


def test_callers_who_shared_a_batch_are_waited_for(pool: ThreadPoolExecutor) -> None:
    engine = Echo()
    with batching(engine, window_s=LONG_S) as session:
        for future in in_turn(session, engine, pool, [rows(0), rows(1), rows(2), rows(3)]):
            future.result(LONG_S)
        again = []
        for value in (4, 5, 6):
            again.append(pool.submit(session.run, rows(value)))
            sleep(0.02)
        # Not to the end of the window: all three are back.
        assert [values(future.result(LONG_S / 3)) for future in again] == [[4], [5], [6]]
    assert engine.sizes == [1, 4, 4]


def test_callers_who_stay_away_are_waited_for_once(pool: ThreadPoolExecutor) -> None:
    engine = Echo()
    with batching(engine, window_s=0.5) as session:
        for future in in_turn(session, engine, pool, [rows(0), rows(1), rows(2)]):
            future.result(LONG_S)
        assert values(session.run(rows(3))) == [3]
        session._window_s = LONG_S
        assert values(pool.submit(session.run, rows(4)).result(LONG_S / 3)) == [4]


def test_a_poisonous_row_fails_its_own_caller_only(pool: ThreadPoolExecutor) -> None:
    engine = Echo()
    with batching(engine) as session:
        futures = in_turn(session, engine, pool, [rows(0), rows(1, 2), rows(3, POISON), rows(4)])
        assert values(futures[1].result(LONG_S)) == [1, 2]
        with pytest.raises(ModelError, match="poisoned"):
            futures[2].result(LONG_S)
        assert values(futures[3].result(LONG_S)) == [4]
    assert engine.sizes == [1, 8, 2, 2, 1]


def test_a_bug_in_the_engine_fails_callers_instead_of_the_thread() -> None:
    class Buggy(Echo):
        def run(self, batch: FloatArray) -> Mapping[str, FloatArray]:
            if (batch == 7).any():
                raise ZeroDivisionError
            return super().run(batch)

    with batching(Buggy()) as session:
        with pytest.raises(ZeroDivisionError):
            session.run(rows(7))
        assert values(session.run(rows(8))) == [8]


def test_an_engine_that_mixes_up_rows_fails_rather_than_hands_them_out() -> None:
    class Short(Echo):
        def run(self, batch: FloatArray) -> Mapping[str, FloatArray]:
            return {"value": batch[:-1].copy()}

    with batching(Short()) as session, pytest.raises(ModelError, match="1 rows of value for 2"):
        session.run(rows(1, 2))


def test_out_of_memory_lowers_the_largest_batch_for_good(pool: ThreadPoolExecutor) -> None:
    engine = Echo(memory_rows=3)
    with batching(engine, max_rows=16) as session:
        assert values(session.run(rows(*range(11)))) == [*range(11)]
        assert engine.sizes == [16, 8, 4, 2, 2, 2, 2, 2, 1]
        assert session.buckets == (1, 2)
        engine.batches.clear()
        futures = in_turn(session, engine, pool, [rows(0), rows(1), rows(2), rows(3)])
        assert [values(future.result(LONG_S)) for future in futures] == [[0], [1], [2], [3]]
        assert engine.sizes == [1, 2, 1]


def test_what_does_not_fit_into_memory_alone_fails() -> None:
    with batching(Echo(memory_rows=0)) as session:
        for _ in range(2):
            with pytest.raises(OutOfMemory):
                session.run(rows(1, 2))
        assert session.buckets == (1,)


def test_closing_answers_what_runs_and_fails_what_waits(pool: ThreadPoolExecutor) -> None:
    engine = Echo()
    session = BatchingSession(engine, 8)
    engine.gate.clear()
    running = pool.submit(session.run, rows(1))
    assert engine.entered.wait(LONG_S)
    waiting = pool.submit(session.run, rows(2))
    queued(session, 1)
    closing = pool.submit(session.close)
    sleep(0.02)
    assert not closing.done()
    engine.gate.set()
    closing.result(LONG_S)
    assert values(running.result(LONG_S)) == [1]
    with pytest.raises(ModelError, match="closed"):
        waiting.result(LONG_S)
    with pytest.raises(ModelError, match="closed"):
        session.run(rows(3))
    assert engine.sizes == [1]
    assert not session._thread.is_alive()
    session.close()


def test_closing_ends_the_wait_for_company(pool: ThreadPoolExecutor) -> None:
    engine = Echo()
    session = BatchingSession(engine, 8, window_s=LONG_S)
    for future in in_turn(session, engine, pool, [rows(0), rows(1), rows(2)]):
        future.result(LONG_S)
    alone = pool.submit(session.run, rows(3))
    queued(session, 1)
    pool.submit(session.close).result(LONG_S / 3)
    with pytest.raises(ModelError, match="closed"):
        alone.result(LONG_S)


requests = st.lists(st.tuples(st.integers(1, 9), st.sampled_from([2, 3]), st.booleans()), min_size=1, max_size=12)


@settings(max_examples=60)
@given(
    callers=st.lists(requests, min_size=1, max_size=8),
    max_rows=st.integers(1, 9),
    memory_rows=st.integers(1, 16),
    window_s=st.sampled_from([0.0, 0.001]),
)
def test_whatever_comes_each_caller_gets_exactly_its_own_rows(
    callers: list[list[tuple[int, int, bool]]], max_rows: int, memory_rows: int, window_s: float
) -> None:
    """Each caller sends its requests one after another, as fast as it can; each row has a value of its own."""
    engine = Echo(memory_rows)

    def call(session: BatchingSession, caller: int) -> int:
        poisoned = 0
        for number, (count, width, poisonous) in enumerate(callers[caller]):
            own = [10_000.0 * (caller + 1) + 100 * number + row for row in range(count)]
            batch = rows(*own, width=width)
            if poisonous:
                batch[-1, -1] = POISON
                with pytest.raises(ModelError, match="poisoned"):
                    session.run(batch)
                poisoned += 1
            else:
                answer = session.run(batch)
                assert values(answer) == own
                assert answer["sum"].tolist() == [width * value for value in own]
        return poisoned

    with ThreadPoolExecutor(len(callers)) as threads, batching(engine, max_rows, window_s) as session:
        answered = [threads.submit(call, session, caller) for caller in range(len(callers))]
        assert [future.result(LONG_S) for future in answered] == [
            sum(poisonous for _, _, poisonous in own) for own in callers
        ]
        largest = session.buckets[-1]
    assert max(engine.sizes) <= max_rows
    assert set(engine.sizes) <= {1, 2, 4, 8, max_rows}
    assert largest <= max_rows
    # No row is answered twice: a row runs again only after a run that failed.
    succeeded = [batch for batch in engine.batches if len(batch) <= memory_rows and not (batch == POISON).any()]
    ran = [value for batch in succeeded for value in batch[:, 0].tolist() if value]
    whole = [own for requests in callers for own in requests if not own[2]]
    assert len(set(ran)) >= sum(count for count, _, _ in whole)
    # What shared its first run with poison, or was split from it, may run once more.
    if len(whole) == sum(len(own) for own in callers):
        assert len(ran) == len(set(ran))


@settings(max_examples=60)
@given(sizes=st.lists(st.integers(1, 9), min_size=1, max_size=15), max_rows=st.integers(1, 9))
def test_batches_keep_the_order_of_arrival(sizes: list[int], max_rows: int) -> None:
    engine = Echo()
    numbers = iter(range(1, 1000))
    arriving = [rows(*(next(numbers) for _ in range(size))) for size in sizes]
    with ThreadPoolExecutor(len(sizes)) as threads, batching(engine, max_rows) as session:
        for future in in_turn(session, engine, threads, arriving):
            future.result(LONG_S)
    ran = [value for batch in engine.batches for value in batch[:, 0].tolist() if value]
    assert ran == [*range(1, 1 + sum(sizes))]
    # A batch is only left alone by the one that would not have fitted into it.
    batches = [np.count_nonzero(batch[:, 0]) for batch in engine.batches][-(-sizes[0] // max_rows) :]
    if max(sizes) <= max_rows:
        assert all(first + second > max_rows for first, second in pairwise(batches))


@settings(max_examples=30)
@given(callers=st.integers(1, 8), after_s=st.sampled_from([0.0, 0.0005, 0.002]))
def test_no_request_is_lost_when_the_session_closes(callers: int, after_s: float) -> None:
    engine = Echo()
    session = BatchingSession(engine, 4)

    def call(caller: int) -> int:
        for number in range(1000):
            try:
                assert values(session.run(rows(1000 * caller + number))) == [1000 * caller + number]
            except ModelError:
                return number
        return 1000

    with ThreadPoolExecutor(callers) as threads:
        answered = [threads.submit(call, caller) for caller in range(1, callers + 1)]
        sleep(after_s)
        session.close()
        counts = [future.result(LONG_S) for future in answered]
    assert sum(np.count_nonzero(batch[:, 0]) for batch in engine.batches) == sum(counts)
