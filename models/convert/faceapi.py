"""Builds the networks of face-api, which are published as weights without a graph.

The graphs follow face-api's published code: TinyXception (`src/xception`) under the age and gender heads, and
DenseBlock4 (`src/faceFeatureExtractor`) under the expression head. Input is (n, 3, 112, 112) RGB in [0, 255].
"""

import json
from collections.abc import Mapping, Sequence

import numpy as np
from onnx import ModelProto

from models.convert.graph import Array, Graph, convolution, depthwise_convolution, pool
from models.convert.tfjs_format import read_weights

_INPUT: Mapping[str, Sequence[int | str]] = {"input": ["N", 3, 112, 112]}
_MEAN_RGB = np.array([122.782, 117.001, 104.298], np.float32).reshape(1, 3, 1, 1)


def age_gender(manifest: bytes, numbers: bytes) -> ModelProto:
    """`age` (n, 1) in years and `gender` (n, 2), the probabilities of male and female."""
    net = _Net(read_weights(json.loads(manifest), numbers))
    x = net.relu(net.convolution(net.normalised("input"), "entry_flow/conv_in", stride=2))
    x = net.reduction_block(x, "entry_flow/reduction_block_0")
    x = net.reduction_block(x, "entry_flow/reduction_block_1")
    for block in range(2):
        x = net.main_block(x, f"middle_flow/main_block_{block}")
    x = net.reduction_block(x, "exit_flow/reduction_block")
    x = net.pooled(net.relu(net.separable(x, "exit_flow/separable_conv")))
    gender = net.graph.add("Softmax", [net.dense(x, "fc/gender")], {"axis": 1})
    return net.graph.model(_INPUT, {"age": net.dense(x, "fc/age"), "gender": gender})


def expression(manifest: bytes, numbers: bytes) -> ModelProto:
    """`expression` (n, 7): the probabilities of neutral, happy, sad, angry, fearful, disgusted and surprised."""
    net = _Net(read_weights(json.loads(manifest), numbers))
    x = net.convolution(net.normalised("input"), "dense0/conv0", stride=2)
    for block in range(4):
        if block:
            x = net.separable(x, f"dense{block}/conv0", stride=2)
        x = net.dense_block(net.relu(x), f"dense{block}")
    probabilities = net.graph.add("Softmax", [net.dense(net.pooled(x), "fc")], {"axis": 1})
    return net.graph.model(_INPUT, {"expression": probabilities})


class _Net:
    """The building blocks; `prefix` is that of their weights in the manifest."""

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self.graph = Graph()
        self._weights = weights

    def normalised(self, x: str) -> str:
        centred = self.graph.add("Sub", [x, self.graph.constant(_MEAN_RGB)])
        return self.graph.add("Div", [centred, self.graph.constant(np.array(255, np.float32))])

    def convolution(self, x: str, prefix: str, stride: int) -> str:
        filters, bias = self._weights[f"{prefix}/filters"], self._weights[f"{prefix}/bias"]
        return convolution(self.graph, x, filters, bias, (stride, stride), same=True)

    def separable(self, x: str, prefix: str, stride: int = 1) -> str:
        depthwise, pointwise, bias = (
            self._weights[f"{prefix}/{name}"] for name in ("depthwise_filter", "pointwise_filter", "bias")
        )
        x = depthwise_convolution(self.graph, x, depthwise, None, (stride, stride), same=True)
        return convolution(self.graph, x, pointwise, bias, (1, 1), same=True)

    def dense(self, x: str, prefix: str) -> str:
        weights, bias = self._weights[f"{prefix}/weights"], self._weights[f"{prefix}/bias"]
        return self.graph.add("Gemm", [x, self.graph.constant(weights), self.graph.constant(bias)])

    def relu(self, x: str) -> str:
        return self.graph.add("Relu", [x])

    def sum(self, a: str, b: str) -> str:
        return self.graph.add("Add", [a, b])

    def pooled(self, x: str) -> str:
        return self.graph.add("Flatten", [self.graph.add("GlobalAveragePool", [x])])

    def reduction_block(self, x: str, prefix: str) -> str:
        """Halves the size. The input of the first block is rectified already; doing it again changes nothing."""
        y = self.separable(self.relu(x), f"{prefix}/separable_conv0")
        y = self.separable(self.relu(y), f"{prefix}/separable_conv1")
        y = pool(self.graph, "MaxPool", y, (3, 3), (2, 2), same=True)
        return self.sum(y, self.convolution(x, f"{prefix}/expansion_conv", stride=2))

    def main_block(self, x: str, prefix: str) -> str:
        y = x
        for layer in range(3):
            y = self.separable(self.relu(y), f"{prefix}/separable_conv{layer}")
        return self.sum(y, x)

    def dense_block(self, first: str, prefix: str) -> str:
        """Three separable convolutions, each over the rectified sum of all values before it."""
        total = rectified = first
        for layer in range(1, 4):
            total = self.sum(total, self.separable(rectified, f"{prefix}/conv{layer}"))
            rectified = self.relu(total)
        return rectified
