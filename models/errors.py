"""Errors of images and models; the root of the tree is in `config.errors`."""

from typing import ClassVar

from config.errors import FacelineError


class InvalidRequest(FacelineError):
    """What the caller sent cannot be served as it is."""

    type: ClassVar[str] = "invalid_request"


class InvalidImage(InvalidRequest):
    """The bytes are no image that Faceline reads: a foreign format, a broken header, cut-off data."""

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
    """A weight file is not in the cache, or is not the one that was checked in there."""

    type: ClassVar[str] = "weights_missing"


class OutOfMemory(ModelError):
    """The memory of the device does not hold the batch; a smaller one may fit."""

    type: ClassVar[str] = "out_of_memory"


class ProviderMissing(ModelError):
    """The device that was asked for is not offered by the installed onnxruntime."""

    type: ClassVar[str] = "provider_missing"
