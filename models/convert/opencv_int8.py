"""Converts block-quantised models of the OpenCV zoo ("int8bq") to plain float32.

onnxruntime loads such a file, but fails to run it. Weights are stored as int8 with a scale and a zero point per
block, and pass through DequantizeLinear (opset 21) and Reshape; both are computed here, once.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, helper, numpy_helper

from models.convert.graph import Array


def convert(source: bytes) -> ModelProto:
    """Replace each DequantizeLinear and Reshape with constant inputs by its result."""
    model = onnx.load_from_string(source)
    graph = model.graph
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    remaining = []
    for node in graph.node:
        operands = [constants[name] for name in node.input if name in constants]
        if len(operands) == len(node.input) and node.op_type == "DequantizeLinear":
            constants[node.output[0]] = _dequantized(node, operands)
        elif len(operands) == len(node.input) and node.op_type == "Reshape":
            constants[node.output[0]] = operands[0].reshape(operands[1])
        else:
            remaining.append(node)
    _replace(model, remaining, constants)
    return model


def _dequantized(node: NodeProto, operands: Sequence[Array]) -> Array:
    """(quantised - zero point) * scale, in float32 as the operator's definition says."""
    quantised, scale, zero_point = operands
    attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    axis, block_size = attributes.get("axis", 1), attributes.get("block_size", 0)
    return (quantised.astype(np.float32) - _spread(zero_point, quantised.shape, axis, block_size)) * _spread(
        scale, quantised.shape, axis, block_size
    )


def _spread(values: Array, shape: Sequence[int], axis: int, block_size: int) -> Array:
    """The value of each element's block: one for all, one per slice along the axis, or one per block along it."""
    values = values.astype(np.float32)
    if values.size == 1:
        return values.reshape(())
    if block_size:
        return np.take(values, np.arange(shape[axis]) // block_size, axis=axis)
    return values.reshape([-1 if dimension == axis else 1 for dimension in range(len(shape))])


def _replace(model: ModelProto, nodes: Sequence[NodeProto], constants: Mapping[str, Array]) -> None:
    graph = model.graph
    used = {name for node in nodes for name in node.input}
    graph.ClearField("node")
    graph.ClearField("initializer")
    graph.node.extend(nodes)
    graph.initializer.extend(
        numpy_helper.from_array(values, name) for name, values in constants.items() if name in used
    )
