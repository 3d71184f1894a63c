"""Shows how far a bulk run is, with a bar on a terminal or with lines in a log."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from threading import Thread
from time import monotonic
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from config.errors import FacelineError

LINE_EVERY_S = 30.0


class ProgressBar:
    """A `bulk.dispatch.RunProgress` on a console.

    Args:
        console: shows it.
        count: gives the total number of photos; runs in a thread, since counting a large source takes long.
    """

    def __init__(self, console: Console, count: Callable[[], int]) -> None:
        self._console = console
        self._counting = Thread(target=self._count, args=(count,), name="count", daemon=True)
        self._bars = Progress(
            SpinnerColumn(), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), console=console
        )
        self._task = self._bars.add_task("", total=None)
        self._began_at = monotonic()
        self._inputs = self._failed = 0
        self._line_at = monotonic()

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def begin(self, done: int) -> None:
        """See `RunProgress.begin`."""
        self._began_at = monotonic()
        self._bars.update(self._task, completed=done)

    def done(self, inputs: int, failed: int) -> None:
        """See `RunProgress.done`."""
        if not self._inputs:
            self._counting.start()
        self._inputs += inputs
        self._failed += failed
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
        if task.remaining is not None:
            text += f", {timedelta(seconds=round(max(task.remaining, 0) / rate))} left"
        return text
