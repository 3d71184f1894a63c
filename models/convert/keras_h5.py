"""Keras models saved as HDF5 to ONNX, for the layers of a MobileNetV2 classifier.

Input is (n, h, w, c) as in Keras; inside, images are (n, c, h, w).
"""

import io
import json
from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np
from onnx import ModelProto

from models.convert.graph import NCHW_FROM_NHWC, NHWC_FROM_NCHW, Array, Graph, convolution, depthwise_convolution, pool
from models.errors import ConversionFailed

_ACTIVATIONS = {"relu": "Relu", "softmax": "Softmax"}


def convert(source: bytes) -> ModelProto:
    """A functional model with one input, `input`, and one output, `output`.

    Raises:
        ConversionFailed: it has a layer that our models do not use.
    """
    with h5py.File(io.BytesIO(source), "r") as file:
        layers = json.loads(file.attrs["model_config"])["config"]["layers"]
        translator = _Translator(file["model_weights"])
        for layer in layers:
            translator.translate(layer)
    height_width_channels = layers[0]["config"]["batch_input_shape"][1:]
    last = translator.tensors[layers[-1]["config"]["name"]]
    return translator.graph.model({"input": ["N", *height_width_channels]}, {"output": last})


class _Translator:
    """Translates one layer at a time; `tensors` holds the output of each."""

    def __init__(self, weights: h5py.Group) -> None:
        self.graph = Graph()
        self.tensors: dict[str, str] = {}
        self._weights = weights

    def translate(self, layer: Mapping[str, Any]) -> None:
        config = layer["config"]
        inputs = [self.tensors[name] for name, *_ in (layer["inbound_nodes"] or [[]])[0]]
        output = self._layer(layer["class_name"], config, inputs)
        activation = config.get("activation", "linear")
        if activation != "linear":
            if activation not in _ACTIVATIONS:
                raise ConversionFailed(f"the Keras activation {activation} is not supported")
            output = self.graph.add(_ACTIVATIONS[activation], [output])
        self.tensors[config["name"]] = output

    def _layer(self, kind: str, config: Mapping[str, Any], inputs: list[str]) -> str:
        weights = self._layer_weights(config["name"])
        match kind, inputs:
            case "InputLayer", []:
                return self.graph.transpose("input", NCHW_FROM_NHWC)
            case "Conv2D", [x]:
                same, strides = config["padding"] == "same", config["strides"]
                return convolution(self.graph, x, weights["kernel"], weights.get("bias"), strides, same=same)
            case "DepthwiseConv2D", [x]:
                same, strides = config["padding"] == "same", config["strides"]
                kernel = weights["depthwise_kernel"]
                return depthwise_convolution(self.graph, x, kernel, weights.get("bias"), strides, same=same)
            case "BatchNormalization", [x]:
                parameters = ("gamma", "beta", "moving_mean", "moving_variance")
                constants = [self.graph.constant(weights[name]) for name in parameters]
                return self.graph.add("BatchNormalization", [x, *constants], {"epsilon": config["epsilon"]})
            case "ReLU", [x]:
                limits = [np.array(limit, np.float32) for limit in (0, config["max_value"])]
                return self.graph.add("Clip", [x, *map(self.graph.constant, limits)])
            case "ZeroPadding2D", [x]:
                (top, bottom), (left, right) = config["padding"]
                edges = np.array([0, 0, top, left, 0, 0, bottom, right], np.int64)
                return self.graph.add("Pad", [x, self.graph.constant(edges)])
            case "Add", [a, b]:
                return self.graph.add("Add", [a, b])
            case "AveragePooling2D", [x]:
                same, size, strides = config["padding"] == "same", config["pool_size"], config["strides"]
                return pool(self.graph, "AveragePool", x, size, strides, same=same)
            case "Flatten", [x]:
                return self.graph.add("Flatten", [self.graph.transpose(x, NHWC_FROM_NCHW)])
            case "Dense", [x]:
                return self.graph.add("Gemm", [x, *(self.graph.constant(weights[name]) for name in ("kernel", "bias"))])
            case "Dropout", [x]:
                return x
        raise ConversionFailed(f"the Keras layer {kind} with {len(inputs)} inputs is not supported")

    def _layer_weights(self, name: str) -> dict[str, Array]:
        """The arrays of a layer by the last part of their name: `conv/kernel:0` is `kernel`."""
        group = self._weights[name]
        paths = [path.decode() for path in group.attrs["weight_names"]]
        return {path.rpartition("/")[2].partition(":")[0]: np.asarray(group[path], np.float32) for path in paths}
