"""Errors of the embedded stack."""

from typing import ClassVar

from config.errors import FacelineError


class StackFailed(FacelineError):
    """The stack cannot start, or one of its processes dies again and again."""

    type: ClassVar[str] = "stack_failed"
