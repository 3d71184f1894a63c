"""How a bulk run goes, on a terminal or as lines in a log."""

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


class Bar:
    """A `Watcher` with a bar.

    Args:
        console: shows it.
        watch: called with each look.
        count: gives the total; called beside the run, once that is under way.
    """

    def __init__(self, console: Console, watch: Callable[[], None], count: Callable[[], int]) -> None:
        self._console = console
        self._watch = watch
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
        """See `Watcher.begin`."""
        self._began_at = monotonic()
        self._bars.update(self._task, completed=done)

    def done(self, inputs: int, failed: int) -> None:
        """See `Watcher.done`."""
        if not self._inputs:
            self._counting.start()
        self._inputs += inputs
        self._failed += failed
        self._bars.advance(self._task, inputs)
        self._bars.update(self._task, description=self._text())
        if not self._console.is_terminal and monotonic() - self._line_at > LINE_EVERY_S:
            self._line_at = monotonic()
            self._console.print(f"{self._bars.tasks[0].completed:.0f} photos, {self._text()}", highlight=False)

    def look(self) -> None:
        """See `Watcher.look`."""
        self._watch()

    def _count(self, count: Callable[[], int]) -> None:
        with suppress(FacelineError):  # the run comes upon it as well, and says so
            self._bars.update(self._task, total=count())

    def _text(self) -> str:
        task = self._bars.tasks[0]
        rate = self._inputs / max(monotonic() - self._began_at, 1e-3)
        text = f"{rate:.1f}/s, {self._failed} failed"
        if task.remaining is not None:
            text += f", {timedelta(seconds=round(max(task.remaining, 0) / rate))} left"
        return text
