"""Base64, strictly."""

import binascii

from pipelines.errors import UndecodableBase64


def decode_base64(text: str) -> bytes:
    """The bytes of a base64 text; line breaks and blanks in it are allowed, anything else is not.

    Raises:
        UndecodableBase64: with the text that the contract demands.
    """
    for candidate in (text, "".join(text.split())):
        try:
            return binascii.a2b_base64(candidate, strict_mode=True)
        except (binascii.Error, ValueError):
            continue
    raise UndecodableBase64("Failed to decode base64 string")


def encode_base64(data: bytes) -> str:
    """The base64 text of bytes."""
    return binascii.b2a_base64(data, newline=False).decode()
