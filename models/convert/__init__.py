"""Converters from the formats of published weights to ONNX.

A converter supports the operations that our models use; for any other operation it raises an error that names it.
"""

from enum import StrEnum

REVISION = 2
"""Increase it when a converter makes another model of the same files: it is part of the names in the cache."""


class Converter(StrEnum):
    """The converter of a source's files; `models.convert.conversion` runs it.

    Defined here, apart from the converters, so that the registry of weights imports neither onnx nor h5py.
    """

    ONNX = "onnx"
    ONNX_ONE_OUTPUT = "onnx-one-output"
    OPENCV_INT8 = "opencv-int8"
    TFJS = "tfjs"
    KERAS_H5 = "keras-h5"
    FACEAPI_AGE_GENDER = "faceapi-age-gender"
    FACEAPI_EXPRESSION = "faceapi-expression"
    TFLITE = "tflite"
