"""The weight manifests of TensorFlow.js: one file of numbers and a list that says what lies in it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from models.convert.errors import ConversionFailed
from models.convert.graph import Array


def read_weights(manifest: Sequence[Mapping[str, Any]], numbers: bytes) -> dict[str, Array]:
    """The weights by name, float32 or int32.

    Raises:
        ConversionFailed: the list does not account for each byte.
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
            # TensorFlow.js reckons in doubles and then rounds.
            values = values.astype(np.float64) * quantization["scale"] + quantization["min"]
        weights[entry["name"]] = values.astype(entry["dtype"])
    if offset != len(numbers):
        raise ConversionFailed(f"the manifest lists {offset} bytes of weights, but there are {len(numbers)}")
    return weights
