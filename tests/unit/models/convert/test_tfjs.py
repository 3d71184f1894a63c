import base64
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from models.convert.tfjs import convert
from models.errors import ConversionFailed
from tests.unit.models.convert.numeric import (
    Array,
    convolved,
    depthwise_convolved,
    max_pooled,
    mean_pooled,
    noise,
    run,
)

Attributes = dict[str, Any]
X = noise(2, 5, 6, 3)


def text(value: str) -> dict[str, str]:
    return {"s": base64.b64encode(value.encode()).decode()}


def plane(height: int, width: int) -> Attributes:
    return {"list": {"i": ["1", str(height), str(width), "1"]}}


def window(stride: int, padding: str, **more: Any) -> Attributes:
    return {"strides": plane(stride, stride), "padding": text(padding), "data_format": text("NHWC"), **more}


class GraphModel:
    """A TensorFlow.js graph model in the making. Its input is `input`, its output the last node."""

    def __init__(self, *shape: int) -> None:
        size = [{"size": str(length)} for length in (-1, *shape)]
        self._nodes: list[Attributes] = [
            {"name": "input", "op": "Placeholder", "attr": {"shape": {"shape": {"dim": size}}}}
        ]
        self._listed: list[Attributes] = []
        self._numbers = b""

    def constant(self, name: str, values: Array) -> str:
        self._nodes.append({"name": name, "op": "Const"})
        self._listed.append({"name": name, "shape": list(values.shape), "dtype": values.dtype.name})
        self._numbers += values.tobytes()
        return name

    def node(self, operation: str, inputs: Sequence[str], attributes: Attributes | None = None, name: str = "") -> str:
        node = {"name": name or operation, "op": operation, "input": list(inputs), "attr": attributes or {}}
        self._nodes.append(node)
        return str(node["name"])

    def run(self, batch: Array) -> Array:
        last = self._nodes[-1]["name"]
        document = {
            # Files need not list their nodes in order.
            "modelTopology": {"node": self._nodes[::-1]},
            "weightsManifest": [{"weights": self._listed}],
            "signature": {"outputs": {"of any name": {"name": f"{last}:0"}}},
        }
        return run(convert(json.dumps(document).encode(), self._numbers), batch)[last]


def model_of(operation: str, constants: Sequence[Array], attributes: Attributes | None = None) -> GraphModel:
    """One operation on the input and constants."""
    model = GraphModel(*X.shape[1:])
    names = [model.constant(f"constant_{index}", values) for index, values in enumerate(constants)]
    model.node(operation, ["input", *names], attributes)
    return model


@pytest.mark.parametrize(("stride", "padding"), [(1, "SAME"), (2, "SAME"), (1, "VALID"), (2, "VALID")])
def test_convolutions(stride: int, padding: str) -> None:
    filters = noise(3, 3, 3, 4, seed=1)
    found = model_of("Conv2D", [filters], window(stride, padding)).run(X)
    np.testing.assert_allclose(found, convolved(X, filters, stride, same=padding == "SAME"), atol=1e-5)


def test_a_depthwise_convolution() -> None:
    filters = noise(3, 3, 3, 2, seed=1)
    found = model_of("DepthwiseConv2dNative", [filters], window(2, "SAME")).run(X)
    np.testing.assert_allclose(found, depthwise_convolved(X, filters, 2, same=True), atol=1e-5)


def test_a_convolution_with_bias_and_slope_fused_into_it() -> None:
    filters, bias, slope = noise(1, 1, 3, 4, seed=1), noise(4, seed=2), np.abs(noise(1, 1, 4, seed=3))
    fused = {"fused_ops": {"list": {"s": [text("BiasAdd")["s"], text("Prelu")["s"]]}}}
    found = model_of("_FusedConv2D", [filters, bias, slope], window(1, "VALID", **fused)).run(X)
    linear = convolved(X, filters) + bias
    np.testing.assert_allclose(found, np.where(linear < 0, slope * linear, linear), atol=1e-5)


def test_a_transposed_convolution_whose_windows_do_not_overlap() -> None:
    filters = noise(2, 2, 4, 3, seed=1)  # h, w, out, in
    model = GraphModel(*X.shape[1:])
    size, kernel = model.constant("size", np.int32([1, 10, 12, 4])), model.constant("kernel", filters)
    model.node("Conv2DBackpropInput", [size, kernel, "input"], window(2, "SAME"))
    expected = np.einsum("nyxi,hwoi->nyhxwo", X, filters).reshape(2, 10, 12, 4)
    np.testing.assert_allclose(model.run(X), expected, atol=1e-5)


def test_pooling() -> None:
    size = {"ksize": plane(2, 2)}
    largest = model_of("MaxPool", [], window(2, "SAME", **size)).run(X)
    np.testing.assert_array_equal(largest, max_pooled(X, 2, 2, same=True))
    mean = model_of("AvgPool", [], window(2, "VALID", **size)).run(X)
    np.testing.assert_allclose(mean, mean_pooled(X, 2, 2), atol=1e-6)


def test_a_bilinear_resize_samples_at_the_centres_of_pixels() -> None:
    ramp = np.arange(3, dtype=np.float32).reshape(1, 1, 3, 1)
    model = GraphModel(1, 3, 1)
    model.node(
        "ResizeBilinear", ["input", model.constant("size", np.int32([1, 6]))], {"half_pixel_centers": {"b": True}}
    )
    np.testing.assert_allclose(model.run(ramp).ravel(), [0, 0.25, 0.75, 1.25, 1.75, 2], atol=1e-6)


def test_elementwise_operations() -> None:
    other = noise(3, seed=1)
    for operation, expected in {"Add": X + other, "AddV2": X + other, "AddN": X + other, "Mul": X * other}.items():
        np.testing.assert_allclose(model_of(operation, [other]).run(X), expected, atol=1e-6)
    slope = np.full((1, 1, 3), 0.5, np.float32)
    np.testing.assert_allclose(model_of("Prelu", [slope]).run(X), np.where(X < 0, 0.5 * X, X), atol=1e-6)
    for operation, expected in {"Relu": X.clip(0), "Relu6": X.clip(0, 6), "Sigmoid": 1 / (1 + np.exp(-X))}.items():
        np.testing.assert_allclose(model_of(operation, []).run(X), expected, atol=1e-6)
    leaky = model_of("LeakyRelu", [], {"alpha": {"f": 0.1}}).run(X)
    np.testing.assert_allclose(leaky, np.where(X < 0, 0.1 * X, X), atol=1e-6)


def test_padding_with_zeros_and_with_a_value() -> None:
    widths = np.int32([[0, 0], [1, 2], [0, 3], [0, 0]])
    np.testing.assert_array_equal(model_of("Pad", [widths]).run(X), np.pad(X, widths))
    low = np.array(-9, np.float32)
    np.testing.assert_array_equal(model_of("PadV2", [widths, low]).run(X), np.pad(X, widths, constant_values=-9))
    np.testing.assert_array_equal(model_of("Pad", [np.zeros_like(widths)]).run(X), X)


def test_moving_values_about() -> None:
    axes = np.int32([0, 3, 1, 2])
    np.testing.assert_array_equal(model_of("Transpose", [axes]).run(X), X.transpose(axes))
    np.testing.assert_array_equal(model_of("Reshape", [np.int32([-1, 90])]).run(X), X.reshape(-1, 90))


def test_split_parts_can_be_put_together_in_another_order() -> None:
    model = GraphModel(*X.shape[1:])
    axis = model.constant("axis", np.array(2, np.int32))
    parts = model.node("SplitV", ["input", model.constant("sizes", np.int32([4, 2])), axis])
    model.node("ConcatV2", [f"{parts}:1", parts, axis])
    np.testing.assert_array_equal(model.run(X), np.concatenate([X[:, :, 4:], X[:, :, :4]], axis=2))


def test_shapes_that_the_graph_reckons_from_constants_are_reckoned() -> None:
    model = GraphModel(*X.shape[1:])
    constants = {
        "at": np.int32([[1]]),
        "shape": np.int32([2]),
        "value": np.int32([90]),
        "default": np.array(-1, np.int32),
    }
    dense = model.node("SparseToDense", [model.constant(name, values) for name, values in constants.items()])
    moved = model.node("AddV2", [dense, model.constant("none", np.int32([0, 0]))])
    model.node("Reshape", ["input", moved])
    np.testing.assert_array_equal(model.run(X), X.reshape(-1, 90))


def test_an_unknown_operation_is_named() -> None:
    with pytest.raises(ConversionFailed, match="Cumsum"):
        model_of("Cumsum", []).run(X)


@pytest.mark.parametrize(
    ("attributes", "what"),
    [
        (window(1, "SAME", dilations=plane(2, 2)), "dilations"),
        (window(1, "EXPLICIT"), "padding EXPLICIT"),
        (window(1, "SAME") | {"data_format": text("NCHW")}, "channels first"),
    ],
)
def test_a_variant_that_our_models_do_not_use_is_refused(attributes: Attributes, what: str) -> None:
    with pytest.raises(ConversionFailed, match=what):
        model_of("Conv2D", [noise(1, 1, 3, 4)], attributes).run(X)


def test_a_slope_for_each_pixel_is_refused() -> None:
    with pytest.raises(ConversionFailed, match="Prelu with a slope for each pixel"):
        model_of("Prelu", [noise(5, 6, 3)]).run(X)
