"""The root of the error tree. Each error has a stable `type` that callers may rely on; its HTTP status is in `api/`."""

from typing import ClassVar


class FacelineError(Exception):
    """An error that Faceline reports under a name of its own, its `type`.

    All arguments are positional, JSON values, and passed to `Exception`.
    """

    type: ClassVar[str] = "internal"

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else self.type


class InvalidSetting(FacelineError):
    """The environment has an unknown setting, or a value out of bounds."""

    type: ClassVar[str] = "invalid_setting"
