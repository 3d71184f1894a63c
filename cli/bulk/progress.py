"""Shows how far a bulk run is, with a bar on a terminal or with lines in a log."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from threading import Thread
from time import monotonic
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from cli.bulk.remaining_time import RemainingTime
from config.errors import FacelineError

LINE_EVERY_S = 30.0
FEW_SECONDS = 5.0
"""Less than this is not shown as a number: the last chunks end too irregularly."""


class ProgressBar:
    """A `bulk.dispatch.RunProgress` on a console.

    Args:
        console: shows it.
        count: gives the total number of photos; runs in a thread, since counting a large source takes long.
        in_flight: the most chunks that are in flight at a time.
    """

    def __init__(self, console: Console, count: Callable[[], int], in_flight: int) -> None:
        self._console = console
        self._counting = Thread(target=self._count, args=(count,), name="count", daemon=True)
        self._bars = Progress(
            SpinnerColumn(), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), console=console
        )
        self._task = self._bars.add_task("", total=None)
        self._began_at = monotonic()
        self._inputs = self._failed = 0
        self._remaining = RemainingTime(in_flight)
        self._line_at = monotonic()

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def begin(self) -> None:
        """See `RunProgress.begin`."""
        self._began_at = monotonic()
        self._counting.start()

    def skipped(self, inputs: int) -> None:
        """See `RunProgress.skipped`."""
        self._bars.advance(self._task, inputs)

    def end(self, total: int) -> None:
        """The run is complete; it has so many inputs."""
        self._bars.update(self._task, total=total, completed=total)

    def done(self, inputs: int, failed: int) -> None:
        """See `RunProgress.done`."""
        self._inputs += inputs
        self._failed += failed
        self._remaining.add(monotonic(), inputs)
        self._bars.advance(self._task, inputs)
        self._bars.update(self._task, description=self._text())
        if not self._console.is_terminal and monotonic() - self._line_at > LINE_EVERY_S:
            self._line_at = monotonic()
            self._console.print(f"{self._bars.tasks[0].completed:.0f} photos, {self._text()}", highlight=False)

    def _count(self, count: Callable[[], int]) -> None:
        with suppress(FacelineError):  # the run meets the same error, and reports it
            self._bars.update(self._task, total=count())

    def _text(self) -> str:
        task = self._bars.tasks[0]
        rate = self._inputs / max(monotonic() - self._began_at, 1e-3)
        text = f"{rate:.1f}/s, {self._failed} failed"
        if task.remaining:
            left_s = self._remaining.left_s(round(task.remaining))
            text += f", {in_words(left_s)}" if left_s is not None else ""
        return text


def in_words(left_s: float) -> str:
    """The remaining time, for people."""
    return "a few seconds left" if left_s < FEW_SECONDS else f"about {timedelta(seconds=round(left_s))} left"
