from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import WebhookSettings
from webhooks.pauses import JITTER, next_pause_s, pause_after, retry_after_s

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SETTINGS = WebhookSettings(first_retry_s=5, longest_retry_s=14_400)


def test_pauses_double_up_to_the_longest() -> None:
    pauses = [pause_after(attempts, SETTINGS) for attempts in (1, 2, 3, 12, 13, 14, 10_000)]
    assert pauses == [5, 10, 20, 10_240, 14_400, 14_400, 14_400]


def test_with_the_defaults_a_message_is_sent_often_enough_in_a_day() -> None:
    settings, after_s, attempts = WebhookSettings(), 0.0, 1
    while after_s + pause_after(attempts, settings) <= settings.give_up_s:
        after_s += pause_after(attempts, settings)
        attempts += 1
    assert attempts == 17


def test_the_pause_that_a_receiver_asks_for_counts_if_it_is_longer() -> None:
    asked = next_pause_s(1, 600, 86_400, SETTINGS)
    assert asked is not None
    assert 600 <= asked <= 600 * (1 + JITTER)
    own = next_pause_s(3, 1, 86_400, SETTINGS)
    assert own is not None
    assert 20 * (1 - JITTER) <= own <= 20 * (1 + JITTER)


def test_no_receiver_makes_a_pause_longer_than_the_longest_or_the_last_moment() -> None:
    assert next_pause_s(1, 1e12, 86_400, SETTINGS) == SETTINGS.longest_retry_s
    assert next_pause_s(1, float("inf"), 1000, SETTINGS) == 1000


def test_a_message_whose_own_pause_is_too_long_is_given_up() -> None:
    assert next_pause_s(12, 1, 1000, SETTINGS) is None
    assert next_pause_s(1, 0, -1, SETTINGS) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, 0),
        ("0", 0),
        ("120", 120),
        (format_datetime(NOW + timedelta(minutes=2), usegmt=True), 120),
        (format_datetime(NOW - timedelta(minutes=2), usegmt=True), 0),
        ("Fri, 02 Jan 2026 03:06:05", 120),
        ("9" * 400, float("inf")),
        ("-1", 0),
        ("1.5", 0),
        ("soon", 0),
        ("", 0),
        ("²", 0),
        ("Fri, 02 Jan 99999 03:06:05 GMT", 0),
    ],
)
def test_both_forms_of_the_header_are_read_and_all_others_ignored(text: str | None, seconds: float) -> None:
    assert retry_after_s(text, NOW) == seconds


@given(st.text(max_size=60))
def test_no_header_is_an_error(text: str) -> None:
    assert retry_after_s(text, NOW) >= 0
