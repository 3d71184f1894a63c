"""A builder of ONNX graphs: the converters name operations and get names of tensors back."""

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper, shape_inference

Array = NDArray[Any]
Attribute = int | float | str | Sequence[int]

OPSET = 18
"""The first whose Resize names the axes it resizes and so leaves the batch alone."""
IR_VERSION = 8
"""What opset 18 asks for at least: a newer one would shut out older engines."""

NCHW_FROM_NHWC = (0, 3, 1, 2)
NHWC_FROM_NCHW = (0, 2, 3, 1)


class Graph:
    """Nodes and constants under numbered names."""

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
        """Add a node with one output, whose name it gives; an empty input name leaves an optional input out."""
        return self.add_split(operation, inputs, attributes or {}, 1)[0]

    def add_split(
        self, operation: str, inputs: Sequence[str], attributes: Mapping[str, Attribute], outputs: int
    ) -> list[str]:
        """Add a node with several outputs, whose names it gives."""
        names = [f"{operation.lower()}_{len(self._nodes)}_{index}" for index in range(outputs)]
        node = helper.make_node(operation, list(inputs), names)
        node.attribute.extend(helper.make_attribute(name, value) for name, value in attributes.items())
        self._nodes.append(node)
        return names

    def transpose(self, tensor: str, axes: Sequence[int]) -> str:
        """Reorder axes; one that undoes the one before it gives the tensor from before both."""
        source, earlier = self._transposed.get(tensor, (tensor, tuple(range(len(axes)))))
        axes = tuple(earlier[axis] for axis in axes)
        if axes == tuple(range(len(axes))):
            return source
        result = self.add("Transpose", [source], {"perm": axes})
        self._transposed[result] = (source, axes)
        return result

    def model(self, inputs: Mapping[str, Sequence[int | str]], outputs: Mapping[str, str]) -> ModelProto:
        """The model of what was added.

        Args:
            inputs: shapes by name; a dimension that is a name is free.
            outputs: the tensors to give, by the names to give them under.
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
