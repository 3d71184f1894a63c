"""When calls to a server that fails are tried again, and when they fail at once."""

from jobs.redis.outage import PROBE_EVERY_S, Outage


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_call_without_an_answer_is_tried_again_until_the_patience_is_used_up() -> None:
    clock = Clock()
    outage = Outage(2, clock)
    assert outage.unanswered(100)
    clock.now += 1.9
    assert outage.unanswered(100)
    clock.now += 0.2
    assert not outage.unanswered(100)


def test_the_patience_begins_with_the_call_not_with_its_failure() -> None:
    clock = Clock()
    clock.now += 2.5
    assert not Outage(2, clock).unanswered(100)


def test_a_later_call_has_only_what_is_left_of_the_patience() -> None:
    clock = Clock()
    outage = Outage(2, clock)
    outage.unanswered(100)
    clock.now += 1.5
    assert outage.admits()
    clock.now += 0.6
    assert not outage.unanswered(100)


def test_once_the_patience_is_used_up_one_call_at_a_time_asks_whether_the_server_is_back() -> None:
    clock = Clock()
    outage = Outage(2, clock)
    outage.unanswered(100)
    clock.now += 3
    outage.unanswered(100)
    assert not outage.admits()
    clock.now += PROBE_EVERY_S
    assert [outage.admits(), outage.admits()] == [True, False]
    outage.answered()
    assert [outage.admits(), outage.admits()] == [True, True]


def test_refused_calls_share_a_patience_though_the_server_answers_others() -> None:
    clock = Clock()
    outage = Outage(2, clock)
    for _ in range(3):
        assert outage.refused()
        outage.answered()
        clock.now += 0.9
    assert not outage.refused()
    assert outage.admits()


def test_a_refusal_after_a_quiet_time_begins_a_new_patience() -> None:
    clock = Clock()
    outage = Outage(2, clock)
    outage.refused()
    clock.now += 2.5
    assert outage.refused()
