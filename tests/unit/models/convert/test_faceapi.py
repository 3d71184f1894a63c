import json
from collections.abc import Mapping

import numpy as np
import pytest

from models.convert import faceapi
from tests.unit.models.convert.numeric import (
    Array,
    convolved,
    depthwise_convolved,
    max_pooled,
    noise,
    run,
    softmax,
)

CHANNELS = 2
X = (127.5 + 40 * noise(1, 112, 112, 3)).astype(np.float32)


class Weights(dict[str, Array]):
    """The layers of a small net under face-api's names, with numbers of our own."""

    def convolution(self, prefix: str, inputs: int = CHANNELS) -> None:
        self[f"{prefix}/filters"] = self._noise(3, 3, inputs, CHANNELS)
        self[f"{prefix}/bias"] = self._noise(CHANNELS)

    def separable(self, prefix: str) -> None:
        self[f"{prefix}/depthwise_filter"] = self._noise(3, 3, CHANNELS, 1)
        self[f"{prefix}/pointwise_filter"] = self._noise(1, 1, CHANNELS, CHANNELS)
        self[f"{prefix}/bias"] = self._noise(CHANNELS)

    def dense(self, prefix: str, outputs: int) -> None:
        self[f"{prefix}/weights"] = self._noise(CHANNELS, outputs)
        self[f"{prefix}/bias"] = self._noise(outputs)

    def _noise(self, *shape: int) -> Array:
        return noise(*shape, seed=len(self)) * 0.7

    def files(self) -> tuple[bytes, bytes]:
        listed = [{"name": name, "shape": list(values.shape), "dtype": "float32"} for name, values in self.items()]
        return json.dumps([{"weights": listed}]).encode(), b"".join(values.tobytes() for values in self.values())


def normalised(x: Array) -> Array:
    return (x - np.float32([122.782, 117.001, 104.298])) / 255


def convolution(weights: Mapping[str, Array], x: Array, prefix: str) -> Array:
    return convolved(x, weights[f"{prefix}/filters"], 2, same=True) + weights[f"{prefix}/bias"]


def separable(weights: Mapping[str, Array], x: Array, prefix: str, stride: int = 1) -> Array:
    x = depthwise_convolved(x, weights[f"{prefix}/depthwise_filter"], stride, same=True)
    return convolved(x, weights[f"{prefix}/pointwise_filter"]) + weights[f"{prefix}/bias"]


def dense(weights: Mapping[str, Array], x: Array, prefix: str) -> Array:
    return x.mean((1, 2)) @ weights[f"{prefix}/weights"] + weights[f"{prefix}/bias"]


def relu(x: Array) -> Array:
    return x.clip(0)


@pytest.fixture(scope="module")
def age_gender_weights() -> Weights:
    weights = Weights()
    weights.convolution("entry_flow/conv_in", inputs=3)
    for block in ("entry_flow/reduction_block_0", "entry_flow/reduction_block_1", "exit_flow/reduction_block"):
        weights.separable(f"{block}/separable_conv0")
        weights.separable(f"{block}/separable_conv1")
        weights.convolution(f"{block}/expansion_conv")
    for block in ("middle_flow/main_block_0", "middle_flow/main_block_1"):
        for layer in range(3):
            weights.separable(f"{block}/separable_conv{layer}")
    weights.separable("exit_flow/separable_conv")
    weights.dense("fc/age", 1)
    weights.dense("fc/gender", 2)
    return weights


def test_age_and_gender_come_out_as_face_api_defines_them(age_gender_weights: Weights) -> None:
    w = age_gender_weights

    def reduced(x: Array, prefix: str, *, activate: bool) -> Array:
        y = separable(w, relu(x) if activate else x, f"{prefix}/separable_conv0")
        y = max_pooled(separable(w, relu(y), f"{prefix}/separable_conv1"), 3, 2, same=True)
        return y + convolution(w, x, f"{prefix}/expansion_conv")

    x = relu(convolution(w, normalised(X), "entry_flow/conv_in"))
    x = reduced(x, "entry_flow/reduction_block_0", activate=False)
    x = reduced(x, "entry_flow/reduction_block_1", activate=True)
    for block in ("middle_flow/main_block_0", "middle_flow/main_block_1"):
        y = x
        for layer in range(3):
            y = separable(w, relu(y), f"{block}/separable_conv{layer}")
        x = x + y
    x = reduced(x, "exit_flow/reduction_block", activate=True)
    x = relu(separable(w, x, "exit_flow/separable_conv"))

    found = run(faceapi.age_gender(*w.files()), X.transpose(0, 3, 1, 2))
    np.testing.assert_allclose(found["age"], dense(w, x, "fc/age"), rtol=1e-4)
    np.testing.assert_allclose(found["gender"], softmax(dense(w, x, "fc/gender")), rtol=1e-4)


def test_the_expression_comes_out_as_face_api_defines_it() -> None:
    w = Weights()
    for block in range(4):
        if block:
            w.separable(f"dense{block}/conv0")
        else:
            w.convolution("dense0/conv0", inputs=3)
        for layer in (1, 2, 3):
            w.separable(f"dense{block}/conv{layer}")
    w.dense("fc", 7)

    x = normalised(X)
    for block in range(4):
        prefix = f"dense{block}"
        first = relu(separable(w, x, f"{prefix}/conv0", 2) if block else convolution(w, x, "dense0/conv0"))
        second = separable(w, first, f"{prefix}/conv1")
        third = separable(w, relu(first + second), f"{prefix}/conv2")
        fourth = separable(w, relu(first + second + third), f"{prefix}/conv3")
        x = relu(first + second + third + fourth)

    found = run(faceapi.expression(*w.files()), X.transpose(0, 3, 1, 2))
    np.testing.assert_allclose(found["expression"], softmax(dense(w, x, "fc")), rtol=1e-4)
