"""Templates: embeddings of faces as bytes, with the model that made them and a checksum.

296 bytes, little-endian: a header of 40 (magic, version of this layout, dimension, model, checksum), then 128 numbers
in float16. The checksum finds damage, not forgery.
"""

import hashlib
import struct
from typing import ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.errors import InvalidRequest
from models.weights.registry import WEIGHTS

Embedding: TypeAlias = NDArray[np.float32]
"""(128,) float32 of unit length; the larger the cosine of two, the more similar their faces."""

DIMENSION = 128
SIZE = 296

_MAGIC = b"FLFT"
_VERSION = 1
_LAYOUT = struct.Struct("<4sHH16s")
_DIGEST = 16
_HEADER = _LAYOUT.size + _DIGEST
# Templates of different networks cannot be compared. A network is identified by the file that it was published as.
_MODEL = bytes.fromhex(next(iter(WEIGHTS["sface"].members.values())))[:16]
_PREFIX = _LAYOUT.pack(_MAGIC, _VERSION, DIMENSION, _MODEL)
# Rounding to float16 moves a length by less than 0.001.
_TOLERANCE = 0.01


class InvalidTemplate(InvalidRequest):
    """The bytes are not a template that this deployment can compare."""

    type: ClassVar[str] = "invalid_template"


class TemplateCutOff(InvalidTemplate):
    """The length is not that of a template."""

    type: ClassVar[str] = "template_of_wrong_length"


class ForeignTemplate(InvalidTemplate):
    """The bytes are not a template of Faceline."""

    type: ClassVar[str] = "foreign_template"


class OtherTemplateVersion(InvalidTemplate):
    """The template has another version of the layout."""

    type: ClassVar[str] = "template_of_other_version"


class OtherTemplateModel(InvalidTemplate):
    """Another network made the template."""

    type: ClassVar[str] = "template_of_other_model"


class TemplateDamaged(InvalidTemplate):
    """The bytes of the template have changed since it was made."""

    type: ClassVar[str] = "template_damaged"


def encode(embedding: Embedding) -> bytes:
    """The template of an embedding."""
    numbers = embedding.astype("<f2").tobytes()
    return _PREFIX + _checksum(_PREFIX, numbers) + numbers


def decode(template: bytes) -> Embedding:
    """The embedding of a template, to the precision of float16.

    Raises:
        InvalidTemplate: the subclass says what is wrong.
    """
    if len(template) != SIZE:
        raise TemplateCutOff(f"A template has {SIZE} bytes, not {len(template)}")
    prefix, checksum, numbers = template[: _LAYOUT.size], template[_LAYOUT.size : _HEADER], template[_HEADER:]
    magic, version, _, _ = _LAYOUT.unpack(prefix)
    if magic != _MAGIC:
        raise ForeignTemplate("The bytes are not a template of Faceline: extract one")
    if version != _VERSION:
        raise OtherTemplateVersion(f"The template is of version {version}, not {_VERSION}: extract it again")
    if checksum != _checksum(prefix, numbers):
        raise TemplateDamaged("The template is damaged: extract it again")
    if prefix != _PREFIX:
        raise OtherTemplateModel("The template was made by another model: extract it again")
    embedding = np.frombuffer(numbers, "<f2").astype(np.float32)
    length = float(np.linalg.norm(embedding))
    if not abs(length - 1) < _TOLERANCE:
        raise TemplateDamaged("The template has no embedding: extract it again")
    return embedding / np.float32(length)


def _checksum(prefix: bytes, numbers: bytes) -> bytes:
    return hashlib.blake2b(prefix + numbers, digest_size=_DIGEST).digest()
