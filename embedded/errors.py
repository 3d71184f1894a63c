"""Errors of the embedded stack."""

from typing import ClassVar

from config.errors import FacelineError


class StackFailed(FacelineError):
    """The stack cannot start, or it cannot do its work."""

    type: ClassVar[str] = "stack_failed"
