"""The root of the error tree. Each error has a stable `type` that callers may rely on; HTTP statuses are in `api/`."""

from typing import ClassVar


class FacelineError(Exception):
    """Anything that Faceline reports by name.

    Arguments are positional strings and numbers, all passed on to `Exception`: so an error survives JSON.
    """

    type: ClassVar[str] = "internal"

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else self.type


class InvalidSetting(FacelineError):
    """The environment holds a setting that does not exist, or a value out of bounds."""

    type: ClassVar[str] = "invalid_setting"
