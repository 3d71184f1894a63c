"""Converts TensorFlow.js graph models to ONNX, for the operations that our models use.

A graph keeps TensorFlow's layout (n, h, w, c). Each spatial operation gets a transposition before and after it;
neighbouring ones cancel out.
"""

import json
from collections.abc import Callable, Mapping
from graphlib import TopologicalSorter

import numpy as np
from onnx import ModelProto

from models.convert.graph import NCHW_FROM_NHWC, NHWC_FROM_NCHW, Array, Graph, convolution, depthwise_convolution, pool
from models.convert.tfjs_format import Node, owner, read_weights
from models.errors import ConversionFailed

_ELEMENTWISE = {
    "Add": "Add",
    "AddN": "Sum",
    "AddV2": "Add",
    "Identity": "Identity",
    "Mul": "Mul",
    "Relu": "Relu",
    "Sigmoid": "Sigmoid",
}


def convert(topology: bytes, numbers: bytes) -> ModelProto:
    """A graph model with one input; the outputs keep their names, without `:0`.

    Args:
        topology: the JSON file.
        numbers: the file of weights that its manifest lists.

    Raises:
        ConversionFailed: it has an operation that is not supported.
    """
    document = json.loads(topology)
    translator = _Translator(read_weights(document["weightsManifest"], numbers))
    nodes = {raw["name"]: Node.parse(raw) for raw in document["modelTopology"]["node"]}
    for name in TopologicalSorter({node.name: map(owner, node.inputs) for node in nodes.values()}).static_order():
        translator.translate(nodes[name])
    outputs = [owner(output["name"]) for output in document["signature"]["outputs"].values()]
    return translator.graph.model(translator.inputs, {name: translator.tensor(name) for name in outputs})


class _Translator:
    """Translates one node at a time. A value is an array if it is constant, else the name of a tensor."""

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self.graph = Graph()
        self.inputs: dict[str, list[int | str]] = {}
        self._values: dict[str, Array | str] = {}
        self._weights = weights

    def tensor(self, reference: str) -> str:
        """The tensor of a value; a constant is added to the graph."""
        value = self._values[reference]
        return value if isinstance(value, str) else self.graph.constant(value)

    def constant(self, reference: str) -> Array:
        value = self._values[reference]
        if isinstance(value, str):
            raise ConversionFailed(f"{reference} should be a constant")
        return value

    def _is_constant(self, reference: str) -> bool:
        return not isinstance(self._values[reference], str)

    def translate(self, node: Node) -> None:
        if node.operation == "SplitV":
            x, sizes, axis = node.inputs
            parts = self.constant(sizes)
            operands, attributes = [self.tensor(x), self._integers(parts)], {"axis": int(self.constant(axis))}
            outputs = self.graph.add_split("Split", operands, attributes, len(parts))
            self._values |= {f"{node.name}:{index}": output for index, output in enumerate(outputs)}
            self._values[node.name] = outputs[0]
        else:
            self._values[node.name] = self._value(node)

    def _value(self, node: Node) -> Array | str:
        match node.operation, node.inputs:
            case "Const", []:
                return self._weights[node.name]
            case "SparseToDense", [*inputs]:
                return _sparse_to_dense(*map(self.constant, inputs))
            case "AddV2", [a, b] if self._is_constant(a) and self._is_constant(b):
                total: Array = self.constant(a) + self.constant(b)
                return total
            case "Placeholder", []:
                _, *row = (int(axis["size"]) for axis in node.attributes["shape"]["shape"]["dim"])
                self.inputs[node.name] = ["N", *row]
                return node.name
            case operation, [*inputs] if operation in _ELEMENTWISE:
                return self.graph.add(_ELEMENTWISE[operation], [self.tensor(x) for x in inputs])
            case "Relu6", [x]:
                limits = (self.graph.constant(np.array(limit, np.float32)) for limit in (0, 6))
                return self.graph.add("Clip", [self.tensor(x), *limits])
            case "Prelu", [x, slope]:
                return self._prelu(node, self.tensor(x), self.constant(slope))
            case "LeakyRelu", [x]:
                return self.graph.add("LeakyRelu", [self.tensor(x)], {"alpha": node.attributes["alpha"]["f"]})
            case _:
                return self._shaping(node)

    def _shaping(self, node: Node) -> str:
        match node.operation, node.inputs:
            case "Transpose", [x, axes]:
                return self.graph.transpose(self.tensor(x), self.constant(axes).tolist())
            case "Reshape", [x, shape]:
                return self.graph.add("Reshape", [self.tensor(x), self._integers(self.constant(shape))])
            case "ConcatV2", [*inputs, axis]:
                return self.graph.add("Concat", [self.tensor(x) for x in inputs], {"axis": int(self.constant(axis))})
            case "Pad" | "PadV2", [x, widths, *value]:
                edges = self.constant(widths)
                if not edges.any():
                    return self.tensor(x)
                return self.graph.add("Pad", [self.tensor(x), self._integers(edges.T), *map(self.tensor, value)])
            case _:
                return self._spatial(node)

    def _spatial(self, node: Node) -> str:
        match node.operation, node.inputs:
            case "Conv2D" | "DepthwiseConv2dNative", [x, filters]:
                return self._convolution(node, x, self.constant(filters), None)
            case "_FusedConv2D", [x, filters, bias, *rest]:
                fused = node.texts("fused_ops")
                node.expect(fused in (["BiasAdd"], ["BiasAdd", "Prelu"]), "+".join(fused))
                y = self._convolution(node, x, self.constant(filters), self.constant(bias))
                return self._prelu(node, y, *map(self.constant, rest)) if rest else y
            case "Conv2DBackpropInput", [_, filters, x]:
                kernels, strides = self.constant(filters).transpose(3, 2, 0, 1), node.plane("strides")
                node.expect(list(kernels.shape[2:]) == strides, "windows that overlap")
                operands, attributes = [self.graph.constant(kernels)], {"strides": strides}
                return self._in_nchw(x, lambda image: self.graph.add("ConvTranspose", [image, *operands], attributes))
            case "MaxPool" | "AvgPool", [x]:
                operation = "MaxPool" if node.operation == "MaxPool" else "AveragePool"
                size, strides = node.plane("ksize"), node.plane("strides")
                return self._in_nchw(x, lambda image: pool(self.graph, operation, image, size, strides, same=node.same))
            case "ResizeBilinear", [x, size]:
                node.expect(node.attributes["half_pixel_centers"]["b"], "corners aligned")
                operands = ["", "", self._integers(self.constant(size))]
                return self._in_nchw(
                    x, lambda image: self.graph.add("Resize", [image, *operands], {"mode": "linear", "axes": [2, 3]})
                )
        raise ConversionFailed(f"the TensorFlow.js operation {node.operation} is not supported")

    def _convolution(self, node: Node, x: str, filters: Array, bias: Array | None) -> str:
        node.expect(node.text("data_format") == "NHWC", "channels first")
        convolve = depthwise_convolution if node.operation == "DepthwiseConv2dNative" else convolution
        strides = node.plane("strides")
        return self._in_nchw(x, lambda image: convolve(self.graph, image, filters, bias, strides, same=node.same))

    def _prelu(self, node: Node, tensor: str, slope: Array) -> str:
        node.expect(slope.shape[:-1] == (1, 1), "a slope for each pixel")
        image = self.graph.transpose(tensor, NCHW_FROM_NHWC)
        y = self.graph.add("PRelu", [image, self.graph.constant(slope.reshape(-1, 1, 1))])
        return self.graph.transpose(y, NHWC_FROM_NCHW)

    def _in_nchw(self, reference: str, operation: Callable[[str], str]) -> str:
        image = self.graph.transpose(self.tensor(reference), NCHW_FROM_NHWC)
        return self.graph.transpose(operation(image), NHWC_FROM_NCHW)

    def _integers(self, values: Array) -> str:
        """A constant of one row of integers, as ONNX takes for sizes, shapes and axes."""
        return self.graph.constant(values.astype(np.int64).reshape(-1))


def _sparse_to_dense(indices: Array, shape: Array, values: Array, default: Array) -> Array:
    dense: Array = np.full(shape.tolist(), default)
    dense[tuple(indices.T)] = values
    return dense
