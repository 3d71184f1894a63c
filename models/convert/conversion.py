"""`convert`: picks the converter of a model, and gives the result the common input and output names."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import onnx
from onnx import ModelProto

from models.convert import Converter, faceapi, keras_h5, opencv_int8, tfjs, tflite
from models.convert.interface import rename, with_interface
from models.convert.rewrites import free_batch, split_prelu
from models.errors import ConversionFailed

Files = Mapping[str, bytes]


def convert(converter: Converter, files: Files, row: Sequence[int | None], outputs: Mapping[str, str]) -> ModelProto:
    """A model with one input `input` (n, *row), the given outputs, and a free batch dimension.

    Args:
        converter: for the format of the files.
        files: their contents by path.
        row: the shape of one row of the input; None where any length is right.
        outputs: the source's names of outputs, by the names to give them.

    Raises:
        ConversionFailed: the source has an operation that its converter does not support, or lacks an output.
    """
    model = _CONVERTERS[converter](files)
    free_batch(model)
    split_prelu(model)
    return with_interface(model, row, outputs)


def _one_file(convert_bytes: Callable[[bytes], ModelProto], files: Files) -> ModelProto:
    (content,) = files.values()
    return convert_bytes(content)


def _one_output(content: bytes) -> ModelProto:
    """An ONNX model with one output, renamed to `output`."""
    model = onnx.load_from_string(content)
    if len(model.graph.output) != 1:
        raise ConversionFailed(f"the source has {len(model.graph.output)} outputs, not one")
    rename(model.graph, {model.graph.output[0].name: "output"})
    return model


def _manifest_and_numbers(convert_bytes: Callable[[bytes, bytes], ModelProto], files: Files) -> ModelProto:
    (manifest,) = (content for path, content in files.items() if path.endswith(".json"))
    (numbers,) = (content for path, content in files.items() if path.endswith(".bin"))
    return convert_bytes(manifest, numbers)


_CONVERTERS: Mapping[Converter, Callable[[Files], ModelProto]] = {
    Converter.ONNX: partial(_one_file, onnx.load_from_string),
    Converter.ONNX_ONE_OUTPUT: partial(_one_file, _one_output),
    Converter.OPENCV_INT8: partial(_one_file, opencv_int8.convert),
    Converter.TFJS: partial(_manifest_and_numbers, tfjs.convert),
    Converter.KERAS_H5: partial(_one_file, keras_h5.convert),
    Converter.FACEAPI_AGE_GENDER: partial(_manifest_and_numbers, faceapi.age_gender),
    Converter.FACEAPI_EXPRESSION: partial(_manifest_and_numbers, faceapi.expression),
    Converter.TFLITE: partial(_one_file, tflite.convert),
}
