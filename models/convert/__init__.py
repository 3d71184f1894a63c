"""Converters from the formats that weights come in to ONNX.

Each converter supports exactly the operations that our models use; another one is an error that names it.
"""

from enum import StrEnum

REVISION = 2
"""Raise it when a converter gives another model for the same files: the cache tells models apart by it."""


class Converter(StrEnum):
    """How the files of a source become an ONNX model; `models.convert.conversion` runs it.

    Kept apart from the converters, so that the registry of weights needs neither onnx nor h5py.
    """

    ONNX = "onnx"
    ONNX_ONE_OUTPUT = "onnx-one-output"
    OPENCV_INT8 = "opencv-int8"
    TFJS = "tfjs"
    KERAS_H5 = "keras-h5"
    FACEAPI_AGE_GENDER = "faceapi-age-gender"
    FACEAPI_EXPRESSION = "faceapi-expression"
    TFLITE = "tflite"
