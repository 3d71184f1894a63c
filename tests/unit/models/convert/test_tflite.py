from collections.abc import Callable, Sequence

import numpy as np
import pytest

from models.convert.tflite import convert
from models.errors import ConversionFailed
from tests.unit.models.convert.flatbuffer_writer import Fields, Scalar, write
from tests.unit.models.convert.numeric import Array, convolved, max_pooled, mean_pooled, noise, run

ADD, AVERAGE_POOL, CONCATENATION, CONVOLUTION, DEQUANTIZE, FULLY_CONNECTED = 0, 1, 2, 3, 6, 9
MAX_POOL, MUL, RESHAPE, SUB, STRIDED_SLICE, CAST, LESS, GREATER_EQUAL, LEAKY_RELU = 17, 18, 22, 41, 45, 53, 58, 62, 98
CUMSUM = 128
BOOL = 6
TYPES = {np.dtype(np.float32): 0, np.dtype(np.float16): 1, np.dtype(np.int32): 2}
NO_OPTIONS: Fields = {}


def window(stride: int, *, same: bool, size: int = 0, activation: int = 0) -> Fields:
    """Options of a pooling, or without size those of a convolution."""
    common = {0: Scalar("b", 0 if same else 1), 1: Scalar("i", stride), 2: Scalar("i", stride)}
    if size:
        return {**common, 3: Scalar("i", size), 4: Scalar("i", size), 5: Scalar("b", activation)}
    return {**common, 3: Scalar("b", activation), 4: Scalar("i", 1), 5: Scalar("i", 1)}


class LiteModel:
    """A TensorFlow Lite model in the making; tensor 0 is the input, the last one the output."""

    def __init__(self, *shape: int) -> None:
        self._tensors: list[Fields] = []
        self._buffers: list[Fields] = [{}]
        self._operators: list[Fields] = []
        self._codes: list[int] = []
        self._tensor([1, *shape], 0, 0)

    def constant(self, values: Array) -> int:
        self._buffers.append({0: values})
        return self._tensor(list(values.shape), TYPES[values.dtype], len(self._buffers) - 1)

    def operator(self, code: int, inputs: Sequence[int], shape: Sequence[int], options: Fields = NO_OPTIONS) -> int:
        self._codes.append(code)
        output = self._tensor(list(shape), BOOL if code in (LESS, GREATER_EQUAL) else 0, 0)
        index = Scalar("I", len(self._codes) - 1)
        self._operators.append({0: index, 1: list(inputs), 2: [output], 4: options})
        return output

    def run(self, batch: Array) -> Array:
        return run(convert(self.content()), batch)[f"tensor_{len(self._tensors) - 1}"]

    def content(self) -> bytes:
        last = len(self._tensors) - 1
        subgraph: Fields = {0: self._tensors, 1: [0], 2: [last], 3: self._operators}
        codes = [{0: Scalar("b", min(code, 127)), 3: Scalar("i", code)} for code in self._codes]
        return write({1: codes, 2: [subgraph], 4: self._buffers})

    def _tensor(self, shape: list[int], kind: int, buffer: int) -> int:
        name = f"tensor_{len(self._tensors)}"
        self._tensors.append({0: shape, 1: Scalar("b", kind), 2: Scalar("I", buffer), 3: name})
        return len(self._tensors) - 1


X = noise(2, 5, 6, 3)


@pytest.mark.parametrize(("stride", "same"), [(1, True), (2, True), (2, False)])
def test_a_convolution_with_weights_in_half_precision(stride: int, same: bool) -> None:
    filters, bias = noise(4, 3, 3, 3, seed=1).astype(np.float16), noise(4, seed=2)  # out, h, w, in
    expected = convolved(X, filters.astype(np.float32).transpose(1, 2, 3, 0), stride, same=same) + bias
    model = LiteModel(5, 6, 3)
    weights = model.operator(DEQUANTIZE, [model.constant(filters)], filters.shape)
    convolution = model.operator(
        CONVOLUTION, [0, weights, model.constant(bias)], [1, *expected.shape[1:]], window(stride, same=same)
    )
    model.operator(RESHAPE, [convolution, model.constant(np.int32([1, -1]))], [1, expected[0].size])
    np.testing.assert_allclose(model.run(X), expected.reshape(2, -1), atol=1e-5)


@pytest.mark.parametrize(("code", "pooled"), [(MAX_POOL, max_pooled), (AVERAGE_POOL, mean_pooled)])
def test_pooling_and_a_layer_on_what_it_leaves(code: int, pooled: Callable[[Array, int, int], Array]) -> None:
    expected = pooled(X, 3, 3)
    weights, bias = noise(4, 6, seed=1), noise(4, seed=2)  # out, in
    model = LiteModel(5, 6, 3)
    small = model.operator(code, [0], [1, *expected.shape[1:]], window(3, same=False, size=3))
    operands = [small, model.constant(weights), model.constant(bias)]
    model.operator(FULLY_CONNECTED, operands, [1, 4])
    np.testing.assert_allclose(model.run(X), expected.reshape(2, 6) @ weights.T + bias, atol=1e-5)


def test_a_routing_of_values_by_comparisons() -> None:
    x = noise(6, 1, 1, 2)
    model = LiteModel(1, 1, 2)
    flat = model.operator(RESHAPE, [0, model.constant(np.int32([1, -1]))], [1, 2])
    whole = model.operator(STRIDED_SLICE, [flat, model.constant(np.int32([0, 0]))], [1, 2])
    level, factor = model.constant(np.array(0.25, np.float32)), model.constant(np.float32([[2, -3]]))
    high = model.operator(CAST, [model.operator(GREATER_EQUAL, [whole, level], [1, 2])], [1, 2])
    low = model.operator(CAST, [model.operator(LESS, [whole, level], [1, 2])], [1, 2])
    scaled = model.operator(MUL, [whole, factor], [1, 2])
    moved = model.operator(ADD, [scaled, model.operator(SUB, [high, low], [1, 2])], [1, 2])
    leaky = model.operator(LEAKY_RELU, [moved], [1, 2], {0: Scalar("f", 0.5)})
    model.operator(CONCATENATION, [leaky, high], [1, 4], {0: Scalar("i", 1)})
    values = x.reshape(6, 2)
    expected = values * np.float32([2, -3]) + np.where(values >= 0.25, 1, -1)
    expected = np.where(expected < 0, 0.5 * expected, expected)
    np.testing.assert_allclose(model.run(x), np.hstack([expected, values >= 0.25]), atol=1e-6)


def test_rows_of_numbers_keep_their_names_those_on_the_way_to_the_output_too() -> None:
    model = LiteModel(1, 1, 2)
    flat = model.operator(RESHAPE, [0, model.constant(np.int32([1, -1]))], [1, 2])
    doubled = model.operator(ADD, [flat, flat], [1, 2])
    x = noise(3, 1, 1, 2)
    outputs = run(convert(model.content()), x)
    assert outputs.keys() == {f"tensor_{flat}", f"tensor_{doubled}"}
    np.testing.assert_array_equal(outputs[f"tensor_{flat}"], x.reshape(3, 2))


def test_an_error_names_the_code_of_an_unknown_operator() -> None:
    model = LiteModel(1, 1, 2)
    model.operator(CUMSUM, [0], [1, 1, 1, 2])
    with pytest.raises(ConversionFailed, match="operator 128"):
        convert(model.content())


@pytest.mark.parametrize(
    ("code", "options"),
    [
        (ADD, {0: Scalar("b", 1)}),
        (CONVOLUTION, window(1, same=True, activation=1)),
        (MAX_POOL, window(1, same=True, size=2, activation=1)),
    ],
)
def test_a_fused_activation_is_refused(code: int, options: Fields) -> None:
    model = LiteModel(4, 4, 1)
    constants = [model.constant(noise(1, 1, 1, 1)), model.constant(noise(1))]
    inputs = {ADD: [0, 0], CONVOLUTION: [0, *constants], MAX_POOL: [0]}[code]
    model.operator(code, inputs, [1, 4, 4, 1], options)
    with pytest.raises(ConversionFailed, match="activation"):
        convert(model.content())


def test_a_reshape_or_slice_to_something_else_is_refused() -> None:
    for code, shape in ((RESHAPE, [2, 2]), (STRIDED_SLICE, [1, 1, 1, 2])):
        model = LiteModel(1, 1, 4)
        model.operator(code, [0, model.constant(np.int32([0, 0]))], shape)
        with pytest.raises(ConversionFailed, match=f"operator {code}"):
            convert(model.content())
