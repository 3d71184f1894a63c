"""The headers that say what is left of limits."""

from access.allowance import Standing, Window
from access.limit import Limit
from api.allowance import headers_of

RATE = Window("rate", Limit.parse("10/second"), "alice")
QUOTA = Window("quota", Limit.parse("100000/month"), "alice")


def test_each_window_has_its_policy_and_what_is_left() -> None:
    standing = [Standing(RATE, 7, ends_at=100.4), Standing(QUOTA, 99_997, ends_at=2000)]
    assert headers_of(standing, now=100.0) == [
        (b"ratelimit-policy", b'"rate";q=10;qu="photos";w=1, "quota";q=100000;qu="photos";w=2592000'),
        (b"ratelimit", b'"rate";r=7;t=1, "quota";r=99997;t=1900'),
    ]


def test_a_window_that_has_ended_is_whole_again() -> None:
    (_, left) = headers_of([Standing(RATE, 0, ends_at=100)], now=100)
    assert left == (b"ratelimit", b'"rate";r=10;t=1')


def test_without_limits_there_are_no_headers() -> None:
    assert headers_of([], now=0) == []
