"""Neighbours of a stream together."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def grouped(stream: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """Runs of `size` neighbours; the last one may be shorter, none is empty."""
    iterator = iter(stream)
    while group := tuple(islice(iterator, size)):
        yield group
