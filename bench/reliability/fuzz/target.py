"""What is fuzzed: code that takes bytes of callers, and may refuse them but not fail."""

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis.strategies import SearchStrategy


@dataclass(frozen=True, slots=True)
class Target:
    """Code that is given mutated inputs.

    Attributes:
        inputs: makes inputs. Each is bytes, so that a file can keep it.
        run: takes an input. Every exception except `InvalidRequest` is a crash.
    """

    name: str
    inputs: SearchStrategy[bytes]
    run: Callable[[bytes], None]
