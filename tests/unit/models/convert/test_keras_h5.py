import io
import json
from typing import Any

import h5py
import numpy as np
import pytest

from models.convert.keras_h5 import convert
from models.errors import ConversionFailed
from tests.unit.models.convert.numeric import (
    Array,
    convolved,
    depthwise_convolved,
    mean_pooled,
    noise,
    run,
    softmax,
)

Config = dict[str, Any]


class KerasFile:
    """A functional Keras model in the making: each layer takes the one before unless told otherwise."""

    def __init__(self, *shape: int) -> None:
        config = {"name": "input_1", "batch_input_shape": [None, *shape]}
        self._layers: list[Config] = [{"class_name": "InputLayer", "config": config, "inbound_nodes": []}]
        self._weights: dict[str, dict[str, Array]] = {"input_1": {}}

    def layer(
        self,
        kind: str,
        config: Config | None = None,
        weights: dict[str, Array] | None = None,
        *,
        of: tuple[str, ...] = (),
    ) -> str:
        name = f"{kind.lower()}_{len(self._layers)}"
        inputs = [[source, 0, 0, {}] for source in of or (self._layers[-1]["config"]["name"],)]
        config = {"name": name, **(config or {})}
        self._layers.append({"class_name": kind, "config": config, "inbound_nodes": [inputs]})
        self._weights[name] = weights or {}
        return name

    def content(self) -> bytes:
        buffer = io.BytesIO()
        with h5py.File(buffer, "w") as file:
            file.attrs["model_config"] = json.dumps({"config": {"layers": self._layers}})
            for name, weights in self._weights.items():
                group = file.create_group(f"model_weights/{name}")
                group.attrs["weight_names"] = np.array([f"{name}/{key}:0".encode() for key in weights], dtype="S")
                for key, values in weights.items():
                    group[f"{name}/{key}:0"] = values
        return buffer.getvalue()

    def run(self, batch: Array) -> Array:
        return run(convert(self.content()), batch)["output"]


def test_a_network_of_all_layers_computes_what_numpy_does() -> None:
    x = noise(2, 6, 6, 3)
    first, middle, dense = noise(3, 3, 3, 4, seed=1), noise(3, 3, 4, 1, seed=2), noise(8, 3, seed=3)
    bias, out_bias = noise(4, seed=4), noise(3, seed=5)
    norm = {"gamma": noise(4, seed=6), "beta": noise(4, seed=7), "moving_mean": noise(4, seed=8)}
    norm["moving_variance"] = np.abs(noise(4, seed=9)) + 0.5

    file = KerasFile(6, 6, 3)
    file.layer("ZeroPadding2D", {"padding": [[0, 1], [0, 1]]})
    file.layer(
        "Conv2D", {"padding": "valid", "strides": [2, 2], "activation": "linear"}, {"kernel": first, "bias": bias}
    )
    file.layer("BatchNormalization", {"epsilon": 0.001}, norm)
    kept = file.layer("ReLU", {"max_value": 6.0})
    depthwise = {"depthwise_kernel": middle}
    deep = file.layer("DepthwiseConv2D", {"padding": "same", "strides": [1, 1], "activation": "linear"}, depthwise)
    file.layer("Add", of=(kept, deep))
    file.layer("AveragePooling2D", {"padding": "valid", "pool_size": [1, 2], "strides": [2, 2]})
    file.layer("Flatten")
    file.layer("Dropout")
    file.layer("Dense", {"activation": "softmax"}, {"kernel": dense, "bias": out_bias})

    y = convolved(np.pad(x, ((0, 0), (0, 1), (0, 1), (0, 0))), first, 2) + bias
    y = (y - norm["moving_mean"]) / np.sqrt(norm["moving_variance"] + 0.001) * norm["gamma"] + norm["beta"]
    y = y.clip(0, 6)
    y = y + depthwise_convolved(y, middle, same=True)
    y = (y[:, ::2, 0:2:2] + y[:, ::2, 1:2:2]) / 2
    expected = softmax(y.reshape(2, -1) @ dense + out_bias)
    np.testing.assert_allclose(file.run(x), expected, atol=1e-5)


def test_flattening_keeps_the_channels_last() -> None:
    x = noise(2, 2, 3, 4)
    file = KerasFile(2, 3, 4)
    file.layer("Flatten")
    np.testing.assert_array_equal(file.run(x), x.reshape(2, -1))


def test_pooling_takes_the_mean_of_windows() -> None:
    x = noise(1, 4, 4, 2)
    file = KerasFile(4, 4, 2)
    file.layer("AveragePooling2D", {"padding": "valid", "pool_size": [2, 2], "strides": [2, 2]})
    file.layer("Flatten")
    np.testing.assert_allclose(file.run(x), mean_pooled(x, 2, 2).reshape(1, -1), atol=1e-6)


def test_an_unknown_layer_is_named() -> None:
    file = KerasFile(2, 2, 1)
    file.layer("LSTM")
    with pytest.raises(ConversionFailed, match="LSTM"):
        file.run(noise(1, 2, 2, 1))


def test_an_unknown_activation_is_named() -> None:
    file = KerasFile(1, 1, 2)
    file.layer("Flatten", {"activation": "gelu"})
    with pytest.raises(ConversionFailed, match="gelu"):
        file.run(noise(1, 1, 1, 2))
