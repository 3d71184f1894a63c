"""A node of a TensorFlow.js graph, as its JSON has it."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.convert.errors import ConversionFailed


def owner(reference: str) -> str:
    """The node that a reference like `split:1` takes its value from."""
    return reference.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Node:
    """An operation, the values that it takes, and its attributes as the JSON has them."""

    name: str
    operation: str
    inputs: Sequence[str]
    attributes: Mapping[str, Any]

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> "Node":
        """Read the JSON of one node."""
        return cls(raw["name"], raw["op"], raw.get("input", []), raw.get("attr", {}))

    def plane(self, attribute: str) -> list[int]:
        """The (h, w) of an attribute over (n, h, w, c)."""
        return [int(value) for value in self.attributes[attribute]["list"]["i"][1:3]]

    def text(self, attribute: str) -> str:
        """A text."""
        return _decoded(self.attributes[attribute]["s"])

    def texts(self, attribute: str) -> list[str]:
        """A list of texts."""
        return [_decoded(value) for value in self.attributes[attribute]["list"]["s"]]

    @property
    def same(self) -> bool:
        """Whether the padding of a window is SAME; otherwise it is VALID.

        Raises:
            ConversionFailed: it is neither, or the window is dilated.
        """
        self.expect("dilations" not in self.attributes or self.plane("dilations") == [1, 1], "dilations")
        padding = self.text("padding")
        self.expect(padding in ("SAME", "VALID"), f"padding {padding}")
        return padding == "SAME"

    def expect(self, supported: bool, what: str) -> None:
        """Refuse what the converter does not support.

        Raises:
            ConversionFailed: it is not supported.
        """
        if not supported:
            raise ConversionFailed(f"the TensorFlow.js operation {self.operation} with {what} is not supported")


def _decoded(text: str) -> str:
    return base64.b64decode(text).decode()
