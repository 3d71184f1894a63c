"""Layers over images as TensorFlow's family of formats states them: filters (h, w, in, out), padding SAME or VALID.

Tensors are (n, c, h, w) here, as ONNX wants them.
"""

from collections.abc import Mapping, Sequence

from models.convert.graph import Array, Attribute, Graph


def convolution(
    graph: Graph, tensor: str, filters: Array, bias: Array | None, strides: Sequence[int], *, same: bool
) -> str:
    """A convolution with filters (h, w, in, out)."""
    return _convolution(graph, tensor, filters.transpose(3, 2, 0, 1), bias, strides, same=same, groups=1)


def depthwise_convolution(
    graph: Graph, tensor: str, filters: Array, bias: Array | None, strides: Sequence[int], *, same: bool
) -> str:
    """A convolution of each channel by itself with filters (h, w, in, multiplier)."""
    height, width, channels, multiplier = filters.shape
    kernels = filters.transpose(2, 3, 0, 1).reshape(channels * multiplier, 1, height, width)
    return _convolution(graph, tensor, kernels, bias, strides, same=same, groups=channels)


def pool(graph: Graph, operation: str, tensor: str, size: Sequence[int], strides: Sequence[int], *, same: bool) -> str:
    """`MaxPool` or `AveragePool` over windows of `size`."""
    window: dict[str, Attribute] = {"kernel_shape": list(size), "strides": list(strides)}
    return graph.add(operation, [tensor], {**window, **padding(same=same)})


def padding(*, same: bool) -> Mapping[str, Attribute]:
    """SAME pads what is missing, the odd pixel at the lower right."""
    return {"auto_pad": "SAME_UPPER"} if same else {}


def _convolution(
    graph: Graph, tensor: str, kernels: Array, bias: Array | None, strides: Sequence[int], *, same: bool, groups: int
) -> str:
    inputs = [tensor, graph.constant(kernels)]
    if bias is not None:
        inputs.append(graph.constant(bias.reshape(-1)))
    window: dict[str, Attribute] = {"kernel_shape": kernels.shape[2:], "strides": list(strides), "group": groups}
    return graph.add("Conv", inputs, {**window, **padding(same=same)})
