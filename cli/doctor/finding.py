"""What a check of `faceline doctor` found."""

from dataclasses import dataclass
from typing import Literal, Self

State = Literal["ok", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check.

    Attributes:
        name: of what was checked.
        state: error: Faceline does not work. warning: it works, but not as it should.
        message: what was found.
        remedy: what to do; None if all is well.
    """

    name: str
    state: State
    message: str
    remedy: str | None = None

    @classmethod
    def ok(cls, name: str, message: str) -> Self:
        """A finding that asks for nothing."""
        return cls(name, "ok", message)
