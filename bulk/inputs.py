"""The photos of a run: which photos of a source, in which order, in which chunks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from random import Random
from typing import Any, Protocol, TypeVar

import pyarrow as pa

from bulk.passed_over import PassedOver
from jobs.reference import Reference

SHUFFLE_WINDOW = 20_000
"""How many inputs a shuffle holds: a photo moves forward by about so many positions at most, and back without limit."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Input:
    """A photo.

    Attributes:
        name: of the photo, in results and errors.
        reference: leads to the bytes of the photo.
        extra: the values of the other columns of its manifest.
    """

    name: str
    reference: Reference
    extra: Mapping[str, Any] = field(default_factory=dict)


class PhotoSource(Protocol):
    """Photos in a fixed order; can be read several times."""

    @property
    def roots(self) -> Sequence[str]:
        """The folders and URL prefixes that hold the photos, as far as they are known."""

    @property
    def columns(self) -> Mapping[str, pa.DataType]:
        """The other columns of a manifest: names and types."""

    def inputs(self, passed_over: PassedOver | None = None) -> Iterator[Input]:
        """The photos, one after another.

        Args:
            passed_over: counts the files that are not among them.

        Raises:
            InvalidSource: the source cannot be read.
        """


@dataclass(frozen=True, slots=True)
class InputChunk:
    """Photos whose results make one part file.

    Attributes:
        number: of the chunk, from 0.
    """

    number: int
    inputs: tuple[Input, ...]

    @property
    def fingerprint(self) -> str:
        """Eight characters that are equal for chunks with the same names in the same order."""
        digest = blake2b(digest_size=4)
        for photo in self.inputs:
            digest.update(photo.name.encode() + b"\0")
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Order:
    """Selects the photos of a source, orders them and splits them into chunks.

    Attributes:
        seed: of a shuffle; None keeps the order of the source.
        limit: the most photos; None takes all.
        chunk: the size of a chunk.
    """

    seed: int | None
    limit: int | None
    chunk: int

    def inputs(self, source: PhotoSource, passed_over: PassedOver | None = None) -> Iterator[Input]:
        """The photos, in order; see `PhotoSource.inputs`.

        Raises:
            InvalidSource: the source cannot be read.
        """
        found = source.inputs(passed_over)
        return islice(found if self.seed is None else shuffled(found, self.seed), self.limit)

    def chunks(self, source: PhotoSource, passed_over: PassedOver | None = None) -> Iterator[InputChunk]:
        """The photos in chunks; see `PhotoSource.inputs`.

        Raises:
            InvalidSource: the source cannot be read.
        """
        return chunks(self.inputs(source, passed_over), self.chunk)

    def __str__(self) -> str:
        return "source" if self.seed is None else f"shuffled {self.seed}"


def shuffled(inputs: Iterable[Input], seed: int, window: int = SHUFFLE_WINDOW) -> Iterator[Input]:
    """Inputs in an order that depends on the seed alone; at most `window` are held in memory."""
    random = Random(seed)
    held: list[Input] = []
    for photo in inputs:
        if len(held) < window:
            held.append(photo)
            continue
        index = random.randrange(window)
        yield held[index]
        held[index] = photo
    random.shuffle(held)
    yield from held


def chunks(inputs: Iterable[Input], size: int) -> Iterator[InputChunk]:
    """Inputs in chunks of `size`; the last chunk may be smaller."""
    for number, photos in enumerate(batched(inputs, size)):
        yield InputChunk(number, photos)


def batched(stream: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """Tuples of `size` neighbours, the last one may be shorter: `itertools.batched`, which Python 3.11 lacks."""
    iterator = iter(stream)
    while neighbours := tuple(islice(iterator, size)):
        yield neighbours
