"""What can go wrong when weights are converted."""

from typing import ClassVar

from models.errors import ModelError


class ConversionFailed(ModelError):
    """A source holds what its converter does not know, or the converted model does not compute what its source does."""

    type: ClassVar[str] = "conversion_failed"
