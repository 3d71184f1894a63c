"""What a source is."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import pyarrow as pa

from bulk.inputs import Input


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
