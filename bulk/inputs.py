"""What a run works on: inputs in a settled order, cut into chunks."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from random import Random
from typing import Any

from bulk.groups import grouped
from jobs.reference import Reference

SHUFFLE_WINDOW = 20_000
"""How many inputs a shuffle holds: photos come up to about so many places early, and any number late."""


@dataclass(frozen=True, slots=True)
class Input:
    """A photo.

    Attributes:
        name: what results and errors call it.
        reference: where its bytes lie.
        extra: what its manifest says of it besides.
    """

    name: str
    reference: Reference
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InputChunk:
    """Inputs that make one part of the output.

    Attributes:
        number: counts from 0.
    """

    number: int
    inputs: tuple[Input, ...]

    @property
    def fingerprint(self) -> str:
        """Eight characters that tell whether another run cut the same chunk."""
        digest = blake2b(digest_size=4)
        for one in self.inputs:
            digest.update(one.name.encode() + b"\0")
        return digest.hexdigest()


def shuffled(inputs: Iterable[Input], seed: int, window: int = SHUFFLE_WINDOW) -> Iterator[Input]:
    """Inputs in an order that depends on the seed alone; no more than `window` are held at a time."""
    random = Random(seed)
    held: list[Input] = []
    for one in inputs:
        if len(held) < window:
            held.append(one)
            continue
        place = random.randrange(window)
        yield held[place]
        held[place] = one
    random.shuffle(held)
    yield from held


def chunks(inputs: Iterable[Input], size: int) -> Iterator[InputChunk]:
    """Inputs in chunks of `size`; the last one may be smaller."""
    for number, group in enumerate(grouped(inputs, size)):
        yield InputChunk(number, group)
