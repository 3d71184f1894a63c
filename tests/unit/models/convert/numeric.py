"""Layers in plain numpy over (n, h, w, c), as TensorFlow defines them; and models run by onnx's own evaluator."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto
from onnx.reference import ReferenceEvaluator

Array = NDArray[Any]


def run(model: ModelProto, batch: Array) -> dict[str, Array]:
    evaluator = ReferenceEvaluator(model)
    (name,) = evaluator.input_names
    return dict(zip(evaluator.output_names, evaluator.run(None, {name: batch}), strict=True))


def noise(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def convolved(x: Array, filters: Array, stride: int = 1, *, same: bool = False) -> Array:
    """Filters (h, w, in, out)."""
    return windowed(x, filters.shape[:2], stride, lambda window: np.tensordot(window, filters, 3), same=same)


def depthwise_convolved(x: Array, filters: Array, stride: int = 1, *, same: bool = False) -> Array:
    """Filters (h, w, in, multiplier)."""

    def weigh(window: Array) -> Array:
        return np.einsum("nhwc,hwcm->ncm", window, filters).reshape(len(window), -1)

    return windowed(x, filters.shape[:2], stride, weigh, same=same)


def max_pooled(x: Array, size: int, stride: int, *, same: bool = False) -> Array:
    return windowed(x, (size, size), stride, lambda window: window.max((1, 2)), same=same, fill=-np.inf)


def mean_pooled(x: Array, size: int, stride: int) -> Array:
    return windowed(x, (size, size), stride, lambda window: window.mean((1, 2)))


def windowed(
    x: Array,
    size: Sequence[int],
    stride: int,
    reduce: Callable[[Array], Array],
    *,
    same: bool = False,
    fill: float = 0,
) -> Array:
    if same:
        missing = [max((-(-n // stride) - 1) * stride + k - n, 0) for n, k in zip(x.shape[1:3], size, strict=True)]
        edges = [(0, 0), *((total // 2, total - total // 2) for total in missing), (0, 0)]
        x = np.pad(x, edges, constant_values=fill)
    rows, columns = ((n - k) // stride + 1 for n, k in zip(x.shape[1:3], size, strict=True))
    return np.stack(
        [
            np.stack(
                [
                    reduce(x[:, r * stride : r * stride + size[0], c * stride : c * stride + size[1]])
                    for c in range(columns)
                ],
                axis=1,
            )
            for r in range(rows)
        ],
        axis=1,
    )


def softmax(x: Array) -> Array:
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)
