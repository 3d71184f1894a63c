"""A builder of ONNX graphs, and the layers over images that converters share.

A converter adds operations by name and gets the names of their output tensors. Layers take filters (h, w, in, out) and
padding SAME or VALID, as TensorFlow's family of formats has them; their tensors are (n, c, h, w), as in ONNX.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper, shape_inference

Array = NDArray[Any]
Attribute = int | float | str | Sequence[int]

OPSET = 18
"""The first in which Resize names its axes, so that it does not depend on the batch."""
IR_VERSION = 8
"""The least that opset 18 requires; older engines would not load a newer one."""

NCHW_FROM_NHWC = (0, 3, 1, 2)
NHWC_FROM_NCHW = (0, 2, 3, 1)


class Graph:
    """A graph under construction: nodes and constants with numbered names."""

    def __init__(self) -> None:
        self._nodes: list[NodeProto] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], TensorProto] = {}
        self._transposed: dict[str, tuple[str, tuple[int, ...]]] = {}

    def constant(self, values: Array) -> str:
        """The name of a constant; equal ones are stored once."""
        key = (values.dtype.str, values.shape, values.tobytes())
        if key not in self._constants:
            self._constants[key] = numpy_helper.from_array(values, f"constant_{len(self._constants)}")
        return self._constants[key].name

    def add(self, operation: str, inputs: Sequence[str], attributes: Mapping[str, Attribute] | None = None) -> str:
        """Add a node with one output; gives the output's name. An empty name of an input omits an optional input."""
        return self.add_split(operation, inputs, attributes or {}, 1)[0]

    def add_split(
        self, operation: str, inputs: Sequence[str], attributes: Mapping[str, Attribute], outputs: int
    ) -> list[str]:
        """Add a node with several outputs; gives their names."""
        names = [f"{operation.lower()}_{len(self._nodes)}_{index}" for index in range(outputs)]
        node = helper.make_node(operation, list(inputs), names)
        node.attribute.extend(helper.make_attribute(name, value) for name, value in attributes.items())
        self._nodes.append(node)
        return names

    def transpose(self, tensor: str, axes: Sequence[int]) -> str:
        """Reorder axes; a transposition that undoes the one before it gives the tensor before both."""
        source, earlier = self._transposed.get(tensor, (tensor, tuple(range(len(axes)))))
        axes = tuple(earlier[axis] for axis in axes)
        if axes == tuple(range(len(axes))):
            return source
        result = self.add("Transpose", [source], {"perm": axes})
        self._transposed[result] = (source, axes)
        return result

    def model(self, inputs: Mapping[str, Sequence[int | str]], outputs: Mapping[str, str]) -> ModelProto:
        """The model of the nodes that were added.

        Args:
            inputs: shapes by name; a dimension that is a name is free.
            outputs: the tensors that become outputs, by the names of those outputs.
        """
        ends = [helper.make_node("Identity", [tensor], [output]) for output, tensor in outputs.items()]
        graph: GraphProto = helper.make_graph(
            [*self._nodes, *ends],
            "converted",
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape)) for name, shape in inputs.items()],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, None) for output in outputs],
            list(self._constants.values()),
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        inferred = shape_inference.infer_shapes(model, strict_mode=True)
        inferred.graph.ClearField("value_info")
        return inferred


def convolution(
    graph: Graph, tensor: str, filters: Array, bias: Array | None, strides: Sequence[int], *, same: bool
) -> str:
    """A convolution with filters (h, w, in, out)."""
    return _convolution(graph, tensor, filters.transpose(3, 2, 0, 1), bias, strides, same=same, groups=1)


def depthwise_convolution(
    graph: Graph, tensor: str, filters: Array, bias: Array | None, strides: Sequence[int], *, same: bool
) -> str:
    """A convolution of each channel on its own, with filters (h, w, in, multiplier)."""
    height, width, channels, multiplier = filters.shape
    kernels = filters.transpose(2, 3, 0, 1).reshape(channels * multiplier, 1, height, width)
    return _convolution(graph, tensor, kernels, bias, strides, same=same, groups=channels)


def pool(graph: Graph, operation: str, tensor: str, size: Sequence[int], strides: Sequence[int], *, same: bool) -> str:
    """`MaxPool` or `AveragePool` over windows of `size`."""
    window: dict[str, Attribute] = {"kernel_shape": list(size), "strides": list(strides)}
    return graph.add(operation, [tensor], {**window, **padding(same=same)})


def padding(*, same: bool) -> Mapping[str, Attribute]:
    """The attribute of SAME or VALID; SAME adds an odd pixel at the lower right."""
    return {"auto_pad": "SAME_UPPER"} if same else {}


def _convolution(
    graph: Graph, tensor: str, kernels: Array, bias: Array | None, strides: Sequence[int], *, same: bool, groups: int
) -> str:
    inputs = [tensor, graph.constant(kernels)]
    if bias is not None:
        inputs.append(graph.constant(bias.reshape(-1)))
    window: dict[str, Attribute] = {"kernel_shape": kernels.shape[2:], "strides": list(strides), "group": groups}
    return graph.add("Conv", inputs, {**window, **padding(same=same)})
