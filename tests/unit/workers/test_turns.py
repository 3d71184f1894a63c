"""Threads with real waits: each test ends as soon as its threads do."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Lock

from workers.turns import Turns

LONG_S = 30
"""A wait that no test uses up unless it fails."""


def test_stages_run_side_by_side() -> None:
    turns, both = Turns(), Barrier(2, timeout=LONG_S)

    def run() -> None:
        with turns.together():
            both.wait()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(run), pool.submit(run)]:
            done.result(LONG_S)


def test_a_stage_that_runs_alone_waits_for_the_others_and_those_that_come_later_wait_for_it() -> None:
    turns, began, may_end, waits = Turns(), Event(), Event(), Event()
    order: list[str] = []

    def first() -> None:
        with turns.together():
            began.set()
            assert may_end.wait(LONG_S)
            order.append("first")

    def alone() -> None:
        waits.set()
        with turns.alone():
            order.append("alone")

    def later() -> None:
        with turns.together():
            order.append("later")

    with ThreadPoolExecutor(3) as pool:
        runs = [pool.submit(first)]
        assert began.wait(LONG_S)
        runs.append(pool.submit(alone))
        assert waits.wait(LONG_S)
        while not turns._waiting:
            pass
        runs.append(pool.submit(later))
        may_end.set()
        for run in runs:
            run.result(LONG_S)
    assert order == ["first", "alone", "later"]


def test_no_two_stages_run_alone_at_the_same_time() -> None:
    turns, inside = Turns(), Lock()

    def run(number: int) -> None:
        with turns.alone() if number % 2 else turns.together():
            if number % 2:
                assert inside.acquire(blocking=False)
                inside.release()

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(run, number) for number in range(400)]:
            done.result(LONG_S)
    with turns.alone():
        pass


def test_an_error_gives_the_turn_back() -> None:
    turns = Turns()
    for turn in (turns.alone, turns.together):
        try:
            with turn():
                raise ValueError
        except ValueError:
            pass
    with turns.alone():
        pass
