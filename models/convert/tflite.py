"""Converts TensorFlow Lite models to ONNX, for the operations that our models use.

Field numbers and operator codes: TensorFlow Lite, `schema.fbs`, version 3. Input is (n, h, w, c) as in the source;
inside, images are (n, c, h, w).
"""

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from onnx import ModelProto, TensorProto

from models.convert.flatbuffer import Table
from models.convert.graph import NCHW_FROM_NHWC, NHWC_FROM_NCHW, Array, Graph, convolution, pool
from models.errors import ConversionFailed

_TYPES = {0: np.float32, 1: np.float16, 2: np.int32}
_NONE = 0  # no activation function
_SAME = 0  # one of two kinds of padding


class _Code(IntEnum):
    ADD = 0
    AVERAGE_POOL_2D = 1
    CONCATENATION = 2
    CONV_2D = 3
    DEQUANTIZE = 6
    FULLY_CONNECTED = 9
    MAX_POOL_2D = 17
    MUL = 18
    RESHAPE = 22
    SUB = 41
    STRIDED_SLICE = 45
    CAST = 53
    LESS = 58
    GREATER_EQUAL = 62
    LEAKY_RELU = 98


_ELEMENTWISE = {_Code.ADD: "Add", _Code.MUL: "Mul", _Code.SUB: "Sub"}
_COMPARISONS = {_Code.LESS: "Less", _Code.GREATER_EQUAL: "GreaterOrEqual"}


def convert(source: bytes) -> ModelProto:
    """A model with one input, `input`, and with all values (n, c) that the source computes as outputs.

    They keep their names, so that of several heads only the one that is used can be kept.

    Raises:
        ConversionFailed: it has an operation that is not supported.
    """
    file = Table.root(source)
    (subgraph,) = file.tables(2)
    translator = _Translator(file, subgraph)
    (image,) = subgraph.integers(1)
    translator.values[image] = translator.graph.transpose("input", NCHW_FROM_NHWC)
    # Old files have operator codes, which were below 128, in field 0 only; newer files have them in field 3 too.
    codes = [max(code.integer(0, "b"), code.integer(3)) for code in file.tables(1)]
    for operator in subgraph.tables(3):
        translator.translate(codes[operator.integer(0, "I")], operator)
    return translator.graph.model({"input": ["N", *translator.shape(image)[1:]]}, translator.rows())


class _Translator:
    """Translates one operator at a time. A value is an array if it is constant, else the name of a tensor."""

    def __init__(self, file: Table, subgraph: Table) -> None:
        self.graph = Graph()
        self.values: dict[int, Array | str] = {}
        self._tensors = subgraph.tables(0)
        buffers = [buffer.content(0) for buffer in file.tables(4)]
        for index, tensor in enumerate(self._tensors):
            content = buffers[tensor.integer(2, "I")]
            if content:
                self.values[index] = np.frombuffer(content, _TYPES[tensor.integer(1, "b")]).reshape(self.shape(index))

    def name(self, index: int) -> str:
        return self._tensors[index].content(3).decode()

    def shape(self, index: int) -> list[int]:
        """The shape in the source: (n, h, w, c) for an image."""
        return self._tensors[index].integers(0)

    def tensor(self, index: int) -> str:
        value = self.values[index]
        return value if isinstance(value, str) else self.graph.constant(value)

    def rows(self) -> dict[str, str]:
        """The tensors (n, c) of float32, by their names in the source."""
        found = {self.name(index): value for index, value in self.values.items() if self._is_row(index)}
        return {name: value for name, value in found.items() if isinstance(value, str)}

    def _is_row(self, index: int) -> bool:
        return len(self.shape(index)) == 2 and _TYPES.get(self._tensors[index].integer(1, "b")) is np.float32

    def _constant(self, index: int) -> Array:
        value = self.values[index]
        if isinstance(value, str):
            raise ConversionFailed(f"{self.name(index)} should be a constant")
        return value

    def translate(self, code: int, operator: Table) -> None:
        (output,) = operator.integers(2)
        self.values[output] = self._value(code, operator, operator.integers(1), output)

    def _value(self, code: int, operator: Table, inputs: Sequence[int], output: int) -> Array | str:
        match code, inputs:
            case _Code.DEQUANTIZE, [x]:
                return self._constant(x).astype(np.float32)
            case ((_Code.ADD | _Code.MUL | _Code.SUB), [a, b]):
                _expect_no_activation(operator, field=0)
                return self.graph.add(_ELEMENTWISE[_Code(code)], [self.tensor(a), self.tensor(b)])
            case ((_Code.LESS | _Code.GREATER_EQUAL), [a, b]):
                return self.graph.add(_COMPARISONS[_Code(code)], [self.tensor(a), self.tensor(b)])
            case _Code.CAST, [x]:
                return self.graph.add("Cast", [self.tensor(x)], {"to": int(TensorProto.FLOAT)})
            case _Code.LEAKY_RELU, [x]:
                return self.graph.add("LeakyRelu", [self.tensor(x)], {"alpha": operator.table(4).real(0)})
            case _Code.CONCATENATION, [*parts] if len(self.shape(output)) == 2:
                axis = operator.table(4).integer(0)
                return self.graph.add("Concat", [self.tensor(part) for part in parts], {"axis": axis})
            case _Code.STRIDED_SLICE, [x, *_] if self.shape(x) == self.shape(output):
                return self.tensor(x)
            case _Code.RESHAPE, [x, _] if self.shape(output) == [1, int(np.prod(self.shape(x)))]:
                return self._flat(x)
            case _Code.FULLY_CONNECTED, [x, weights, bias]:
                _expect_no_activation(operator, field=0)
                operands = [self._flat(x), self.tensor(weights), self.tensor(bias)]
                return self.graph.add("Gemm", operands, {"transB": 1})
            case _Code.CONV_2D, [x, filters, bias]:
                return self._convolution(operator.table(4), x, self._constant(filters), self._constant(bias))
            case ((_Code.AVERAGE_POOL_2D | _Code.MAX_POOL_2D), [x]):
                kind = "MaxPool" if code == _Code.MAX_POOL_2D else "AveragePool"
                return self._pool(kind, operator.table(4), x)
        raise ConversionFailed(f"the TensorFlow Lite operator {code} as {self.name(output)} has it is not supported")

    def _convolution(self, options: Table, x: int, filters: Array, bias: Array) -> str:
        dilations = [options.integer(field) or 1 for field in (5, 4)]
        if options.integer(3, "b") != _NONE or dilations != [1, 1]:
            raise ConversionFailed("a TensorFlow Lite convolution with activation or dilations is not supported")
        strides, same = [options.integer(field) for field in (2, 1)], options.integer(0, "b") == _SAME
        return convolution(self.graph, self.tensor(x), filters.transpose(1, 2, 3, 0), bias, strides, same=same)

    def _pool(self, kind: str, options: Table, x: int) -> str:
        if options.integer(5, "b") != _NONE:
            raise ConversionFailed("a TensorFlow Lite pooling with activation is not supported")
        size, strides = [options.integer(field) for field in (4, 3)], [options.integer(f) for f in (2, 1)]
        return pool(self.graph, kind, self.tensor(x), size, strides, same=options.integer(0, "b") == _SAME)

    def _flat(self, index: int) -> str:
        """The tensor as (n, all other values), in the order of the source."""
        tensor = self.tensor(index)
        if len(self.shape(index)) == 2:
            return tensor
        return self.graph.add("Flatten", [self.graph.transpose(tensor, NHWC_FROM_NCHW)])


def _expect_no_activation(operator: Table, field: int) -> None:
    if operator.table(4).integer(field, "b") != _NONE:
        raise ConversionFailed("a TensorFlow Lite operator with activation is not supported")
