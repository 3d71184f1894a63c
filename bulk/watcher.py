"""Who is told how a run goes."""

from typing import Protocol


class Watcher(Protocol):
    """Is told how the run goes; may end it."""

    def begin(self, done: int) -> None:
        """The run begins; so many inputs, about, are done already."""

    def done(self, inputs: int, failed: int) -> None:
        """A chunk was written."""

    def look(self) -> None:
        """Called about once a second; raises `FacelineError` if the run cannot go on."""
