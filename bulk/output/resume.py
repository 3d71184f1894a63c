"""What is left of a run."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bulk.errors import IncompatibleRun
from bulk.inputs import InputChunk


@dataclass(slots=True)
class Remaining:
    """The chunks that are not done yet.

    Attributes:
        chunks: all chunks, in their order.
        done: those that are done: numbers and fingerprints.
        inputs: seen so far, whether done or not.
        skipped: inputs of chunks that were done already.
    """

    chunks: Iterable[InputChunk]
    done: Mapping[int, str]
    inputs: int = 0
    skipped: int = 0

    def __iter__(self) -> Iterator[InputChunk]:
        """Go through them once.

        Raises:
            IncompatibleRun: what is done came from other inputs.
        """
        cut = 0
        for chunk in self.chunks:
            cut += 1
            self.inputs += len(chunk.inputs)
            fingerprint = self.done.get(chunk.number)
            if fingerprint is None:
                yield chunk
            elif fingerprint == chunk.fingerprint:
                self.skipped += len(chunk.inputs)
            else:
                raise IncompatibleRun(f"{_CHANGED} (chunk {chunk.number}, from {chunk.inputs[0].name} on)")
        if any(number >= cut for number in self.done):
            raise IncompatibleRun(f"{_CHANGED} (it has fewer inputs)")


_CHANGED = "the source has changed since the run began; choose another folder, or --no-resume"
