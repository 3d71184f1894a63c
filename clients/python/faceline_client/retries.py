"""When a request is sent again."""

from dataclasses import dataclass
from random import uniform


@dataclass(frozen=True, slots=True)
class Retries:
    """How often and when a request is sent again after 429, 503 or a broken connection.

    The pauses double, and each is chosen at random between its half and its whole, so that clients that failed together
    do not come back together. `Retry-After` of an answer is waited for in any case.

    Attributes:
        attempts: how often a request is sent at most; 1 sends nothing again.
        first_pause_s: the pause after the first attempt.
        longest_pause_s: the longest pause. An answer with a longer `Retry-After` is an error at once.
    """

    attempts: int = 6
    first_pause_s: float = 0.5
    longest_pause_s: float = 30.0

    def pause_s(self, attempt: int, retry_after_s: float | None = None) -> float | None:
        """How long to wait before the next attempt; None if there is none.

        Args:
            attempt: how often the request has been sent.
            retry_after_s: what the answer asks for.
        """
        if attempt >= self.attempts or (retry_after_s or 0) > self.longest_pause_s:
            return None
        whole_s = min(self.first_pause_s * 2 ** (attempt - 1), self.longest_pause_s)
        return max(uniform(whole_s / 2, whole_s), retry_after_s or 0)


NO_RETRIES = Retries(attempts=1)
"""Sends each request once."""
