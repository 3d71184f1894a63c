import numpy as np

from models.convert.graph import Graph
from tests.unit.models.convert.numeric import noise, run


def test_equal_constants_are_stored_once() -> None:
    graph = Graph()
    first = graph.constant(np.float32([1, 2]))
    assert graph.constant(np.float32([1, 2])) == first
    assert graph.constant(np.float32([[1, 2]])) != first
    assert graph.constant(np.int64([1, 2])) != first


def test_a_transposition_that_undoes_the_one_before_disappears() -> None:
    graph = Graph()
    assert graph.transpose(graph.transpose("input", (0, 3, 1, 2)), (0, 2, 3, 1)) == "input"


def test_transpositions_in_a_row_become_one() -> None:
    graph = Graph()
    twice = graph.transpose(graph.transpose("input", (0, 3, 1, 2)), (1, 0, 3, 2))
    model = graph.model({"input": ["N", 3, 4, 5]}, {"output": twice})
    x = noise(2, 3, 4, 5)
    np.testing.assert_array_equal(run(model, x)["output"], x.transpose(0, 3, 1, 2).transpose(1, 0, 3, 2))
    assert [node.op_type for node in model.graph.node].count("Transpose") == 2  # the first one leads nowhere


def test_an_optional_input_is_left_out_by_an_empty_name() -> None:
    graph = Graph()
    doubled = graph.add("Resize", ["input", "", graph.constant(np.float32([1, 1, 2, 2]))], {"mode": "nearest"})
    model = graph.model({"input": ["N", 1, 1, 2]}, {"output": doubled})
    assert run(model, np.float32([[[[1, 2]]]]))["output"].tolist() == [[[[1, 1, 2, 2], [1, 1, 2, 2]]]]


def test_the_shapes_of_outputs_follow_from_the_input() -> None:
    graph = Graph()
    model = graph.model({"input": ["N", 2, 3]}, {"flat": graph.add("Flatten", ["input"])})
    batch, length = model.graph.output[0].type.tensor_type.shape.dim
    assert not batch.dim_value
    assert length.dim_value == 6
