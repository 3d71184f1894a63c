"""`StagesInHand`: the stages that a process works on, and for how long already."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock, get_ident

from config.errors import FacelineError


class StageHeld(FacelineError):
    """A live worker runs the stage of this message. The message has to come again, in case that worker dies."""

    type = "held"


@dataclass(slots=True)
class StageInHand:
    """A stage that a thread of this process works on.

    Attributes:
        service: that runs now; None while the stage waits for its turn, or loads images.
        thread: that works on it, see `threading.get_ident`.
        began: it does not wait for its turn any more.
        ran_s: how long the watchdog has seen it run.
    """

    job_id: str
    index: int
    service: str | None = None
    thread: int = field(default_factory=get_ident)
    began: bool = False
    ran_s: float = 0.0


class StagesInHand:
    """The stages that a process works on. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._stages: dict[tuple[str, int], StageInHand] = {}

    @contextmanager
    def take(self, job_id: str, index: int) -> Iterator[StageInHand]:
        """Notes that this process works on a stage while the body runs.

        Raises:
            StageHeld: it works on the stage already.
        """
        stage = StageInHand(job_id, index)
        with self._lock:
            if self._stages.setdefault((job_id, index), stage) is not stage:
                raise StageHeld("another thread of this worker runs the stage")
        try:
            yield stage
        finally:
            with self._lock:
                del self._stages[job_id, index]

    def all(self) -> list[StageInHand]:
        """All of them."""
        with self._lock:
            return list(self._stages.values())

    def running(self) -> list[StageInHand]:
        """The stages that do not wait for their turn."""
        with self._lock:
            return [stage for stage in self._stages.values() if stage.began]
