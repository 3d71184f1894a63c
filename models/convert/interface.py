"""The interface of each converted model: one input called `input`, outputs with names of ours, a free batch."""

from collections.abc import Collection, Mapping, Sequence

from onnx import GraphProto, ModelProto, shape_inference

from models.errors import ConversionFailed

INPUT = "input"
BATCH = "N"


def with_interface(model: ModelProto, row: Sequence[int | None], outputs: Mapping[str, str]) -> ModelProto:
    """Name the input and the outputs, drop the nodes that no output needs, and declare the shapes.

    Args:
        model: with one input; it is changed.
        row: the shape of one row of the input; None where any length is right.
        outputs: the model's own names, by the names to give them.

    Raises:
        ConversionFailed: the model has no such output, or more than one input.
    """
    graph = model.graph
    _select(graph, outputs.values())
    if len(graph.input) != 1:
        raise ConversionFailed(f"the source has the inputs {', '.join(value.name for value in graph.input)}, not one")
    rename(graph, {graph.input[0].name: INPUT} | {own: given for given, own in outputs.items()})
    _declare(graph, row)
    model = shape_inference.infer_shapes(model, data_prop=True)
    model.graph.ClearField("value_info")
    return model


def _select(graph: GraphProto, outputs: Collection[str]) -> None:
    """Keep the given outputs, in their order, and the nodes that they need."""
    declared = {output.name: output for output in graph.output}
    if missing := set(outputs) - declared.keys():
        raise ConversionFailed(f"the source has no output {', '.join(sorted(missing))}")
    needed = set(outputs)
    nodes = []
    for node in reversed(graph.node):  # in ONNX, a node comes after the nodes that it needs
        if needed.intersection(node.output):
            needed.update(node.input)
            nodes.append(node)
    constants = [tensor for tensor in graph.initializer if tensor.name in needed]
    # Older files list their constants among the inputs too.
    needed.difference_update(tensor.name for tensor in constants)
    inputs = [value for value in graph.input if value.name in needed]
    for field in ("node", "initializer", "input", "output", "value_info"):
        graph.ClearField(field)
    graph.node.extend(reversed(nodes))
    graph.initializer.extend(constants)
    graph.input.extend(inputs)
    graph.output.extend(declared[name] for name in outputs)


def rename(graph: GraphProto, names: Mapping[str, str]) -> None:
    """Rename tensors, wherever they are used."""
    for value in (*graph.input, *graph.output):
        value.name = names.get(value.name, value.name)
    for node in graph.node:
        for references in (node.input, node.output):
            references[:] = [names.get(name, name) for name in references]


def _declare(graph: GraphProto, row: Sequence[int | None]) -> None:
    """Declare the shape of the input and a free batch of each output; other lengths of outputs are kept if fixed."""
    for output in graph.output:
        dimensions = output.type.tensor_type.shape.dim
        if None in row:
            for dimension in dimensions:
                dimension.ClearField("value")
        dimensions[0].dim_param = BATCH
    shape = graph.input[0].type.tensor_type.shape
    shape.ClearField("dim")
    shape.dim.add().dim_param = BATCH
    for length in row:
        dimension = shape.dim.add()
        if length is not None:
            dimension.dim_value = length
