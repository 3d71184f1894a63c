"""Waits for what a test expects. Machines are busy, so the time is generous."""

from collections.abc import Callable
from time import monotonic, sleep
from typing import TypeVar

Found = TypeVar("Found")


def until(find: Callable[[], Found | None], seconds: float = 60) -> Found:
    """Calls a function until its answer is true, and gives the answer. The test fails if that takes too long."""
    deadline = monotonic() + seconds
    while not (found := find()):
        assert monotonic() < deadline, f"not within {seconds:g} s"
        sleep(0.05)
    return found
