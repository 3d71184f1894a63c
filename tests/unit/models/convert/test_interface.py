import numpy as np
import pytest
from onnx import ModelProto

from models.convert.graph import Graph
from models.convert.interface import with_interface
from models.errors import ConversionFailed
from tests.unit.models.convert.numeric import noise, run


def two_headed() -> ModelProto:
    """`617` doubles, `618` adds seven."""
    graph = Graph()
    doubled = graph.add("Mul", ["image", graph.constant(np.array(2, np.float32))])
    moved = graph.add("Add", ["image", graph.constant(np.array(7, np.float32))])
    return graph.model({"image": [1, 3]}, {"617": doubled, "618": moved})


def test_input_and_outputs_get_their_names_in_order() -> None:
    model = with_interface(two_headed(), (3,), {"moved": "618", "doubled": "617"})
    x = noise(2, 3)
    outputs = run(model, x)
    assert list(outputs) == ["moved", "doubled"]
    np.testing.assert_array_equal(outputs["doubled"], 2 * x)
    np.testing.assert_array_equal(outputs["moved"], x + 7)
    assert [value.name for value in model.graph.input] == ["input"]


def test_what_leads_to_no_output_is_dropped() -> None:
    model = with_interface(two_headed(), (3,), {"doubled": "617"})
    assert {node.op_type for node in model.graph.node} == {"Mul", "Identity"}
    assert len(model.graph.initializer) == 1


def test_the_batch_is_declared_free_and_the_row_fixed() -> None:
    model = with_interface(two_headed(), (3,), {"doubled": "617"})
    for value in (model.graph.input[0], model.graph.output[0]):
        batch, length = value.type.tensor_type.shape.dim
        assert batch.dim_param == "N"
        assert length.dim_value == 3


def test_a_free_length_is_declared_nowhere() -> None:
    model = with_interface(two_headed(), (None,), {"doubled": "617"})
    for value in (model.graph.input[0], model.graph.output[0]):
        assert value.type.tensor_type.shape.dim[1].dim_value == 0
    np.testing.assert_array_equal(run(model, noise(2, 5))["doubled"], 2 * noise(2, 5))


def test_constants_that_are_listed_as_inputs_are_none() -> None:
    model = two_headed()
    model.graph.input.add(name=model.graph.initializer[0].name)
    assert len(with_interface(model, (3,), {"doubled": "617"}).graph.input) == 1


def test_a_missing_output_is_named() -> None:
    with pytest.raises(ConversionFailed, match="no output 619"):
        with_interface(two_headed(), (3,), {"doubled": "617", "other": "619"})


def test_a_second_input_is_refused() -> None:
    graph = Graph()
    model = graph.model({"a": [1], "b": [1]}, {"sum": graph.add("Add", ["a", "b"])})
    with pytest.raises(ConversionFailed, match="inputs a, b"):
        with_interface(model, (), {"sum": "sum"})
