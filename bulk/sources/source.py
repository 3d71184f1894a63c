"""What a source is."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

import pyarrow as pa

from bulk.errors import InvalidSource
from bulk.inputs import Input
from jobs.reference import without_login


class Source(Protocol):
    """Photos in a settled order; can be gone through several times."""

    @property
    def roots(self) -> Sequence[str]:
        """The folders and URL prefixes under which they lie, as far as it is known."""

    @property
    def columns(self) -> Mapping[str, pa.DataType]:
        """What is said of each photo besides: names and types."""

    def inputs(self) -> Iterator[Input]:
        """The photos, one after another.

        Raises:
            InvalidSource: it cannot be read on.
        """


@contextmanager
def reading(location: str) -> Iterator[None]:
    """Turns whatever goes wrong while a path or URL is read into `InvalidSource`."""
    try:
        yield
    except Exception as error:  # each package behind fsspec has errors of its own
        reason = str(error) if isinstance(error, InvalidSource) else f"{location} cannot be read: {error}"
        raise InvalidSource(without_login(location, reason)) from error
