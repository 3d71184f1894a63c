"""What can go wrong on the way of weights into the cache. Each message says what happened and what to do."""

from typing import ClassVar

from models.errors import ModelError


class ToolMissing(ModelError):
    """A program or Python package that pulling needs is not installed."""

    type: ClassVar[str] = "tool_missing"


class FetchFailed(ModelError):
    """A registry's client did not bring a package."""

    type: ClassVar[str] = "fetch_failed"


class WrongHash(ModelError):
    """A package or a file in it is not the one that Faceline knows."""

    type: ClassVar[str] = "wrong_hash"


class CacheUnusable(ModelError):
    """The folder of the cache cannot be written."""

    type: ClassVar[str] = "cache_unusable"
