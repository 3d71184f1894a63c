"""A batch dimension that is free: as many rows as the caller has."""

from collections.abc import Sequence

import numpy as np
from onnx import ModelProto, NodeProto, helper, numpy_helper, shape_inference

from models.convert.errors import ConversionFailed
from models.convert.graph import Array


def free_batch(model: ModelProto) -> None:
    """Rewrite, in place, the constants in which an exporter fixed the batch that it traced.

    A Reshape to a batch of one keeps the batch that comes: there, 0 stands for the length that the input has. This is
    right where its input has the batch first. A Resize to constant sizes becomes one by constant scales, with which
    onnxruntime is faster too.

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
    """By how much each axis grows; the batch does not."""
    attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    scales = np.ones(len(shape), np.float32)
    for axis, size in zip(attributes.get("axes", range(len(shape))), sizes, strict=True):
        if axis != 0:
            if not shape[axis]:
                raise ConversionFailed(f"{node.input[0]} is to be resized, but its size is not known")
            scales[axis] = size / shape[axis]
    return scales


def _constants(model: ModelProto) -> dict[str, Array]:
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant":
            constants[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
    return constants


def _shapes(model: ModelProto) -> dict[str, list[int]]:
    """Of all tensors; 0 stands for a free length."""
    values = shape_inference.infer_shapes(model).graph.value_info
    return {value.name: [axis.dim_value for axis in value.type.tensor_type.shape.dim] for value in values}


def _add_constant(model: ModelProto, node: NodeProto, values: Array) -> str:
    name = f"{node.output[0]}/{node.op_type.lower()}"
    model.graph.initializer.append(numpy_helper.from_array(values, name))
    return name
