import numpy as np
import pytest

from models.convert.tfjs_format import read_weights
from models.errors import ConversionFailed


def test_weights_are_read_in_order_as_they_are_stored() -> None:
    stored = [np.float16([1.5, -2]), np.int32([[7], [8]]), np.uint8([0, 255]), np.array(0.25, np.float32)]
    manifest = [
        {"weights": [{"name": "half", "shape": [2], "dtype": "float32", "quantization": {"dtype": "float16"}}]},
        {
            "weights": [
                {"name": "shape", "shape": [2, 1], "dtype": "int32"},
                {
                    "name": "byte",
                    "shape": [2],
                    "dtype": "float32",
                    "quantization": {"dtype": "uint8", "scale": 0.1, "min": -3.0},
                },
                {"name": "scalar", "shape": [], "dtype": "float32"},
            ]
        },
    ]
    weights = read_weights(manifest, b"".join(array.tobytes() for array in stored))
    assert weights["half"].tolist() == [1.5, -2]
    assert weights["shape"].tolist() == [[7], [8]]
    assert weights["byte"].tolist() == [-3, np.float32(255 * 0.1 - 3)]
    assert weights["scalar"].shape == ()
    assert {name: array.dtype.name for name, array in weights.items()} == {
        "half": "float32",
        "shape": "int32",
        "byte": "float32",
        "scalar": "float32",
    }


def test_bytes_that_the_manifest_does_not_list_are_refused() -> None:
    with pytest.raises(ConversionFailed, match="4 bytes of weights, but there are 8"):
        read_weights([{"weights": [{"name": "a", "shape": [1], "dtype": "float32"}]}], bytes(8))
