import numpy as np
import onnx
import pytest

from models.convert import Converter
from models.convert.conversion import convert
from models.convert.graph import Graph
from models.errors import ConversionFailed
from tests.unit.models.convert.numeric import noise, run


def test_a_model_that_is_onnx_already_gets_interface_and_free_batch() -> None:
    graph = Graph()
    reshaped = graph.add("Reshape", ["image", graph.constant(np.int64([1, 6]))])
    source = graph.model({"image": [1, 2, 3]}, {"617": reshaped})
    model = convert(Converter.ONNX, {"a/model.onnx": source.SerializeToString()}, (2, 3), {"flat": "617"})
    onnx.checker.check_model(model, full_check=True)
    x = noise(4, 2, 3)
    np.testing.assert_array_equal(run(model, x)["flat"], x.reshape(4, 6))


@pytest.mark.parametrize("converter", list(Converter))
def test_each_converter_is_at_hand(converter: Converter) -> None:
    """It gets as far as looking for its files."""
    with pytest.raises(ValueError, match="not enough values to unpack"):
        convert(converter, {}, (), {})


def test_a_missing_output_fails_the_conversion() -> None:
    source = Graph().model({"image": [1, 2]}, {"same": "image"})
    with pytest.raises(ConversionFailed, match="no output other"):
        convert(Converter.ONNX, {"model.onnx": source.SerializeToString()}, (2,), {"flat": "other"})


@pytest.mark.parametrize(("given", "name"), [("input", "output"), ("input", "logits"), ("x", "617")])
def test_a_model_of_one_output_is_converted_however_its_exporter_named_it(given: str, name: str) -> None:
    graph = Graph()
    doubled = graph.add("Mul", [given, graph.constant(np.float32(2))])
    source = graph.model({given: [1, 3]}, {name: doubled}).SerializeToString()
    model = convert(Converter.ONNX_ONE_OUTPUT, {"model.onnx": source}, (3,), {"doubled": "output"})
    onnx.checker.check_model(model, full_check=True)
    x = noise(4, 3)
    np.testing.assert_array_equal(run(model, x)["doubled"], 2 * x)


def test_two_outputs_are_not_one() -> None:
    graph = Graph()
    outputs = {name: graph.add(name, ["image"]) for name in ("Relu", "Sigmoid")}
    source = graph.model({"image": [1, 3]}, outputs).SerializeToString()
    with pytest.raises(ConversionFailed, match="the source has 2 outputs, not one"):
        convert(Converter.ONNX_ONE_OUTPUT, {"model.onnx": source}, (3,), {"relu": "output"})
