"""That the judge of `make chaos` can fail: each kind of fault is seen, and only that one."""

from math import inf
from typing import Any

import pytest

from bench.reliability.ledger import FAILED, GONE, SUCCEEDED, Answer, Disturbance, Ledger, StoreView, Verdict
from bench.reliability.work import DETECTOR, Work

WORK = Work("photo.jpg", (DETECTOR,))
POISONED = Work("photo.jpg", (DETECTOR,), poisoned=True)
RIGHT = {"objects": ["a face"]}


def counts(verdict: Verdict) -> tuple[int, int, int, int, int]:
    return verdict.submitted, verdict.answered_once, verdict.lost, verdict.twice, verdict.wrong


def is_right(_: Work, result: Any) -> bool:
    return bool(result == RIGHT)


def judged(*answers: Answer, work: Work = WORK, view: StoreView | None = None, rows: int = 1) -> Verdict:
    """The verdict on one job beside one that was answered once."""
    ledger = Ledger()
    ledger.acknowledge("good", WORK, "id-0", at=0)
    ledger.answer("good", Answer(SUCCEEDED, 1, RIGHT))
    ledger.acknowledge("name", work, "id-1", at=0)
    for answer in answers:
        ledger.answer("name", answer, rows)
    return ledger.judge(view or StoreView({"id-0": 1, "id-1": 1}), is_right)


def test_jobs_that_were_answered_once_are_good() -> None:
    verdict = judged(Answer(SUCCEEDED, 1, RIGHT), Answer(SUCCEEDED, 2, RIGHT))
    assert counts(verdict) == (2, 2, 0, 0, 0)
    assert verdict.good
    assert not verdict.faults


@pytest.mark.parametrize("answers", [(), (Answer(GONE, 1),), (Answer(SUCCEEDED, 1, RIGHT), Answer(GONE, 2))])
def test_a_job_without_an_end_or_unknown_to_the_deployment_is_lost(answers: tuple[Answer, ...]) -> None:
    verdict = judged(*answers)
    assert counts(verdict) == (2, 1, 1, 0, 0)
    assert not verdict.good
    assert "id-1" in verdict.faults[0]


@pytest.mark.parametrize(
    "view",
    [
        StoreView(ends={"id-1": 2}),
        StoreView(copies={"name": ["id-2"]}),
    ],
)
def test_a_job_that_ended_twice_or_was_made_twice_is_seen(view: StoreView) -> None:
    assert counts(judged(Answer(SUCCEEDED, 1, RIGHT), view=view)) == (2, 1, 0, 1, 0)


def test_two_readings_that_differ_are_seen() -> None:
    assert counts(judged(Answer(SUCCEEDED, 1, RIGHT), Answer(SUCCEEDED, 2, {"objects": []}))) == (2, 1, 0, 1, 0)


def test_a_doubled_row_of_a_batch_is_seen() -> None:
    assert counts(judged(Answer(SUCCEEDED, 1, RIGHT), rows=2)) == (2, 1, 0, 1, 0)


def test_a_job_of_a_batch_or_a_call_that_ended_twice_is_seen() -> None:
    view = StoreView(ends={"id-of-a-part": 2})
    assert counts(judged(Answer(SUCCEEDED, 1, RIGHT), view=view)) == (2, 2, 0, 1, 0)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(FAILED, 1, error="poisoned"),
        Answer("canceled", 1),
        Answer(SUCCEEDED, 1, {"objects": ["another face"]}),
    ],
)
def test_a_good_photo_that_failed_or_has_another_result_is_wrong(answer: Answer) -> None:
    assert counts(judged(answer)) == (2, 1, 0, 0, 1)


def test_a_dead_letter_of_a_good_photo_is_wrong() -> None:
    assert counts(judged(Answer(SUCCEEDED, 1, RIGHT), view=StoreView(dead_letters=["id-1"]))) == (2, 1, 0, 0, 1)


@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        (Answer(FAILED, 1, error="poisoned"), 0),
        (Answer(FAILED, 1, error="timed_out"), 1),
        (Answer(SUCCEEDED, 1, RIGHT), 1),
    ],
)
def test_a_poisoned_photo_has_to_fail_as_poisoned(answer: Answer, wrong: int) -> None:
    verdict = judged(answer, work=POISONED, view=StoreView(dead_letters=["id-1"]))
    assert counts(verdict) == (2, 2 - wrong, 0, 0, wrong)


def test_each_wrong_answer_of_the_api_counts_and_equal_ones_share_a_line() -> None:
    ledger = Ledger()
    for _ in range(3):
        ledger.complain("POST /jobs was answered 500")
    verdict = ledger.judge(StoreView(), is_right)
    assert counts(verdict) == (0, 0, 0, 0, 3)
    assert verdict.faults == ["wrong: POST /jobs was answered 500 (3 times)"]


def recovery_s(*disturbances: Disturbance, ends: dict[str, float]) -> float:
    ledger = Ledger()
    for job_id, at in ends.items():
        ledger.acknowledge(job_id, WORK, job_id, at=0)
        if at < inf:
            ledger.answer(job_id, Answer(SUCCEEDED, at, RIGHT))
    return ledger.judge(StoreView(), is_right, disturbances).recovery_s


def test_recovery_lasts_to_the_next_end_of_a_job() -> None:
    assert recovery_s(Disturbance(10), ends={"before": 9, "next": 12, "later": 50}) == 2


def test_recovery_from_a_kill_lasts_to_the_end_of_all_that_was_held() -> None:
    assert recovery_s(Disturbance(10, frozenset({"held", "too"})), ends={"held": 40, "too": 11, "new": 12}) == 30


def test_ends_while_the_stack_is_still_disturbed_are_no_recovery() -> None:
    assert recovery_s(Disturbance(10, over_at=20), ends={"meanwhile": 15, "next": 21}) == 11


def test_the_slowest_recovery_counts() -> None:
    assert recovery_s(Disturbance(10), Disturbance(20), ends={"first": 13, "second": 21}) == 3


@pytest.mark.parametrize("held", [frozenset[str](), frozenset({"lost"})])
def test_a_stack_that_does_not_recover_has_an_infinite_recovery(held: frozenset[str]) -> None:
    assert recovery_s(Disturbance(10, held), ends={"before": 9, "lost": inf}) == inf


def test_a_recovery_that_took_too_long_is_wrong() -> None:
    ledger = Ledger()
    ledger.acknowledge("name", WORK, "held", at=0)
    ledger.answer("name", Answer(SUCCEEDED, 50, RIGHT))
    assert ledger.judge(StoreView(), is_right, [Disturbance(10, frozenset({"held"}), within_s=41)]).good
    verdict = ledger.judge(StoreView(), is_right, [Disturbance(10, frozenset({"held"}), within_s=39)])
    assert counts(verdict) == (1, 1, 0, 0, 1)
