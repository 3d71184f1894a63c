"""Errors of images, models and their weights; the root of the tree is in `config.errors`."""

from typing import ClassVar

from config.errors import FacelineError


class InvalidRequest(FacelineError):
    """The request cannot be served: the caller has to change it."""

    type: ClassVar[str] = "invalid_request"


class InvalidImage(InvalidRequest):
    """The bytes are no image that Faceline reads: another format, a broken header, or data that are cut off."""

    type: ClassVar[str] = "invalid_image"


class ImageTooLarge(InvalidRequest):
    """The image has more pixels than the deployment accepts."""

    type: ClassVar[str] = "image_too_large"


class ModelError(FacelineError):
    """A model could not be loaded or run."""

    type: ClassVar[str] = "model_error"


class DeclarationError(FacelineError):
    """A service declares something that is missing or cannot be derived; the process does not start."""

    type: ClassVar[str] = "invalid_declaration"


class WeightsMissing(ModelError):
    """A weight file is not in the cache, or is damaged."""

    type: ClassVar[str] = "weights_missing"


class OutOfMemory(ModelError):
    """The memory of the device is too small for the batch; a smaller batch may fit."""

    type: ClassVar[str] = "out_of_memory"


class ProviderMissing(ModelError):
    """The installed onnxruntime does not offer the device of the settings."""

    type: ClassVar[str] = "provider_missing"


class ToolMissing(ModelError):
    """A program or Python package that pulling weights needs is not installed."""

    type: ClassVar[str] = "tool_missing"


class FetchFailed(ModelError):
    """A package of weights could not be fetched."""

    type: ClassVar[str] = "fetch_failed"


class WrongHash(ModelError):
    """A package of weights, or a file in it, has another SHA-256 than expected."""

    type: ClassVar[str] = "wrong_hash"


class ConversionFailed(ModelError):
    """Weights have a part that their converter does not support, or the converted model computes something else."""

    type: ClassVar[str] = "conversion_failed"


class CacheUnusable(ModelError):
    """The folder of the weights cache cannot be written."""

    type: ClassVar[str] = "cache_unusable"
