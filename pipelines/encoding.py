"""Base64: decodes texts and images from callers, and encodes bytes."""

import binascii
import re
import string

import pybase64

from pipelines.errors import UndecodableBase64

_DATA_URL_LENGTH = 1_000
"""The most characters in front of the base64 of a `data:` URL."""
_DATA_URL = re.compile(r"\s*data:[^,;]*(?:;[^,;]+)*;base64,", re.IGNORECASE | re.ASCII)

_NO_BLANKS = dict.fromkeys(map(ord, string.whitespace))


def decode_image(text: str) -> bytes:
    """The bytes of an image in base64, or in a `data:` URL (RFC 2397) in base64.

    The format of the image is read from its bytes, whatever media type the URL has; it may have none. As in base64,
    blanks in front of the URL are allowed.

    Raises:
        UndecodableBase64: as `decode_base64` does.
    """
    url = _DATA_URL.match(text, 0, _DATA_URL_LENGTH)
    return decode_base64(text[url.end() :] if url else text)


def decode_base64(text: str) -> bytes:
    """The bytes of a base64 text; line breaks and blanks in it are allowed, other characters are not.

    Raises:
        UndecodableBase64: with the text that the contract demands.
    """
    try:
        return pybase64.b64decode(text, validate=True)
    except ValueError:
        pass
    try:
        # Slower, and accepts texts in which an encoder left bits set after the last byte.
        return binascii.a2b_base64(text.translate(_NO_BLANKS), strict_mode=True)
    except ValueError as error:
        raise UndecodableBase64("Failed to decode base64 string") from error


def encode_base64(data: bytes) -> str:
    """The base64 text of bytes."""
    return pybase64.b64encode_as_string(data)
