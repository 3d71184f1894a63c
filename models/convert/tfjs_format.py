"""The files of TensorFlow.js models: the nodes of a graph as JSON, and a manifest that lists the weights in a file."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.convert.graph import Array
from models.errors import ConversionFailed


def read_weights(manifest: Sequence[Mapping[str, Any]], numbers: bytes) -> dict[str, Array]:
    """The weights by name, float32 or int32.

    Args:
        manifest: lists the weights in their order.
        numbers: the file that holds them.

    Raises:
        ConversionFailed: the manifest lists more or fewer bytes than the file has.
    """
    weights: dict[str, Array] = {}
    offset = 0
    for entry in (entry for group in manifest for entry in group["weights"]):
        quantization = entry.get("quantization", {})
        stored = np.dtype(quantization.get("dtype", entry["dtype"])).newbyteorder("<")
        count = int(np.prod(entry["shape"]))
        values = np.frombuffer(numbers, stored, count, offset).reshape(entry["shape"])
        offset += values.nbytes
        if "scale" in quantization:
            # TensorFlow.js computes in doubles and then rounds.
            values = values.astype(np.float64) * quantization["scale"] + quantization["min"]
        weights[entry["name"]] = values.astype(entry["dtype"])
    if offset != len(numbers):
        raise ConversionFailed(f"the manifest lists {offset} bytes of weights, but there are {len(numbers)}")
    return weights


def owner(reference: str) -> str:
    """The name of the node that a reference such as `split:1` takes its value from."""
    return reference.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Node:
    """An operation of a graph: the references that it takes, and its attributes as in the JSON."""

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
        """A text attribute."""
        return _decoded(self.attributes[attribute]["s"])

    def texts(self, attribute: str) -> list[str]:
        """An attribute that lists texts."""
        return [_decoded(value) for value in self.attributes[attribute]["list"]["s"]]

    @property
    def same(self) -> bool:
        """Whether the padding of a window is SAME; else it is VALID.

        Raises:
            ConversionFailed: the padding is another one, or the window is dilated.
        """
        self.expect("dilations" not in self.attributes or self.plane("dilations") == [1, 1], "dilations")
        padding = self.text("padding")
        self.expect(padding in ("SAME", "VALID"), f"padding {padding}")
        return padding == "SAME"

    def expect(self, supported: bool, what: str) -> None:
        """Check that the converter supports a property of the node.

        Args:
            supported: whether it does.
            what: the property, for the error.

        Raises:
            ConversionFailed: it does not.
        """
        if not supported:
            raise ConversionFailed(f"the TensorFlow.js operation {self.operation} with {what} is not supported")


def _decoded(text: str) -> str:
    return base64.b64decode(text).decode()
