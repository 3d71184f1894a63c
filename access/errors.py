"""Errors of access. Each has a stable type; the HTTP statuses are in `api/errors.py`."""

from typing import ClassVar

from config.errors import FacelineError


class Unauthenticated(FacelineError):
    """The request has no valid API key."""

    type: ClassVar[str] = "unauthenticated"


class MissingScope(FacelineError):
    """The API key of the request does not allow the action."""

    type: ClassVar[str] = "missing_scope"


class KeyRefused(FacelineError):
    """A key cannot be created, rotated or revoked as asked."""

    type: ClassVar[str] = "key_refused"


class SecretRefused(FacelineError):
    """A secret of webhooks cannot be created, rotated or revoked as asked."""

    type: ClassVar[str] = "secret_refused"


class KeysMissing(FacelineError):
    """The API would listen beyond this machine and ask for no key."""

    type: ClassVar[str] = "keys_missing"
