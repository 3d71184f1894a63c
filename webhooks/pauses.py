"""How long to wait before a message is sent again."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import uniform

from config.settings import WebhookSettings

JITTER = 0.1
"""By which share pauses differ, so that messages which failed together do not come back together."""


def next_pause_s(attempts: int, asked_s: float, left_s: float, settings: WebhookSettings) -> float | None:
    """The pause after attempts that failed, in seconds; None if the message is given up.

    Args:
        attempts: how many have failed.
        asked_s: the pause that the receiver asked for; it counts up to the longest pause, and to the last moment.
        left_s: how long the message may still be sent.
        settings: of webhooks.
    """
    own_s = pause_after(attempts, settings) * uniform(1 - JITTER, 1 + JITTER)
    if own_s > left_s:
        return None
    return max(own_s, min(asked_s * uniform(1, 1 + JITTER), settings.longest_retry_s, left_s))


def pause_after(attempts: int, settings: WebhookSettings) -> float:
    """How long to wait after a number of attempts that failed, in seconds."""
    # So many doublings exceed each pause that can be set; more of them would overflow.
    return min(settings.first_retry_s * 2.0 ** min(attempts - 1, 64), settings.longest_retry_s)


def retry_after_s(text: str | None, now: datetime) -> float:
    """The pause that a header `Retry-After` asks for, in seconds; 0 without one, or if it is neither form of RFC 9110.

    Args:
        text: the header: seconds, or a date.
        now: the time, with its zone.
    """
    if text is None:
        return 0.0
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return 0.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
