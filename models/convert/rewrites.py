"""Rewrites of converted graphs: a batch dimension that is free, and activations that engines run fast."""

from collections.abc import Sequence

import numpy as np
from onnx import ModelProto, NodeProto, helper, numpy_helper, shape_inference

from models.convert.graph import Array
from models.errors import ConversionFailed


def free_batch(model: ModelProto) -> None:
    """Rewrite, in place, the constants in which an exporter fixed the size of the batch that it traced.

    A Reshape to a batch of one becomes one to the batch of its input, which 0 means there; the batch has to be the
    first axis of that input. A Resize to constant sizes becomes one by constant scales, which onnxruntime runs faster
    too.

    Raises:
        ConversionFailed: a Resize has an input of unknown size.
    """
    constants, shapes = _constants(model), _shapes(model)
    for node in model.graph.node:
        if node.op_type == "Reshape" and node.input[1] in constants:
            batch, *rest = constants[node.input[1]].tolist()
            if batch == 1:
                node.input[1] = _add_constant(model, node, np.array([0, *rest], np.int64))
        elif node.op_type == "Resize" and len(node.input) == 4 and node.input[3] in constants:
            scales = _scales(node, constants[node.input[3]].tolist(), shapes[node.input[0]])
            node.input[2:] = [_add_constant(model, node, scales)]
            for attribute in [attribute for attribute in node.attribute if attribute.name == "axes"]:
                node.attribute.remove(attribute)


def _scales(node: NodeProto, sizes: Sequence[int], shape: Sequence[int]) -> Array:
    """The factor of each axis; 1 for the batch."""
    attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    scales = np.ones(len(shape), np.float32)
    for axis, size in zip(attributes.get("axes", range(len(shape))), sizes, strict=True):
        if axis != 0:
            if not shape[axis]:
                raise ConversionFailed(f"{node.input[0]} has to be resized, but its size is not known")
            scales[axis] = size / shape[axis]
    return scales


def _constants(model: ModelProto) -> dict[str, Array]:
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant":
            constants[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
    return constants


def _shapes(model: ModelProto) -> dict[str, list[int]]:
    """The shapes of all tensors; a free length is 0."""
    values = shape_inference.infer_shapes(model).graph.value_info
    return {value.name: [axis.dim_value for axis in value.type.tensor_type.shape.dim] for value in values}


def _add_constant(model: ModelProto, node: NodeProto, values: Array) -> str:
    name = f"{node.output[0]}/{node.op_type.lower()}"
    model.graph.initializer.append(numpy_helper.from_array(values, name))
    return name


def split_prelu(model: ModelProto) -> None:
    """Rewrite, in place, each PRelu with a constant slope per channel of (n, c, h, w): slope·x + (1 - slope)·relu(x).

    onnxruntime's PRelu takes ten times as long as its other activations, and leaves the layout in which convolutions
    are fast: in a network with one after each convolution it takes two thirds of the time. Scaling by channel is
    written as BatchNormalization, which keeps that layout, and is one simple operation on a GPU.
    """
    graph = model.graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    nodes = list(graph.node)
    graph.ClearField("node")
    for node in nodes:
        slope = constants.get(node.input[1]) if node.op_type == "PRelu" else None
        values = np.array(0) if slope is None else numpy_helper.to_array(slope)
        if values.size == 1 or values.shape[-2:] != (1, 1):
            graph.node.append(node)
            continue
        values = values.reshape(-1)
        image, output = node.input[0], node.output[0]
        rectified, low, high = (f"{output}/{part}" for part in ("rectified", "low", "high"))
        graph.node.append(helper.make_node("Relu", [image], [rectified]))
        graph.node.append(_scaling(model, image, values, low))
        graph.node.append(_scaling(model, rectified, 1 - values, high))
        graph.node.append(helper.make_node("Add", [low, high], [output]))


def _scaling(model: ModelProto, image: str, factors: Array, output: str) -> NodeProto:
    """Each channel times its factor."""
    zeros, ones = np.zeros_like(factors), np.ones_like(factors)
    operands = {"scale": factors, "bias": zeros, "mean": zeros, "variance": ones}
    names = {f"{output}/{name}": values for name, values in operands.items()}
    model.graph.initializer.extend(numpy_helper.from_array(values, name) for name, values in names.items())
    return helper.make_node("BatchNormalization", [image, *names], [output], epsilon=0.0)
