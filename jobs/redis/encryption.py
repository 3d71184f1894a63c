"""Encryption of what callers send and get, before it reaches the store: an option of a deployment.

Each value is encrypted with AES-256-GCM under a key of its own, which is derived from a key of the settings and from
the name of the value in the store. A value that is moved to another name does not decrypt. No key encrypts so many
values that random nonces could repeat (NIST SP 800-38D, section 8.3).
"""

import hmac
import os
from base64 import b64decode
from binascii import Error as BrokenBase64
from collections.abc import Mapping
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from config.errors import InvalidSetting
from config.settings import SecretSettings
from jobs.errors import StorageError

KEY_BYTES = 32
NONCE_BYTES = 12
START = b"\x00fle1"
"""Begins an encrypted value; no image and no JSON begins so."""


class Encryption:
    """Encrypts and decrypts values of the store. Thread-safe.

    Values that were stored before encryption was turned on are read as they are.

    Args:
        keys: by their ids. The first one encrypts, all decrypt; without keys, values are stored as they are.
    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = dict(keys)
        self._current = next(iter(self._keys), None)

    @classmethod
    def of(cls, settings: SecretSettings) -> Self:
        """The encryption that the settings ask for.

        Raises:
            InvalidSetting: a key has no id, or is not 32 bytes in base64.
        """
        text = settings.encryption_keys.get_secret_value() if settings.encryption_keys else ""
        keys = {}
        for part in filter(None, (part.strip() for part in text.split(","))):
            key_id, _, encoded = part.partition(":")
            try:
                key = b64decode(encoded, validate=True)
            except BrokenBase64:
                key = b""
            if not key_id or len(key_id) > 255 or not key_id.isascii() or key_id in keys or len(key) != KEY_BYTES:
                raise InvalidSetting(
                    "FACELINE_SECRETS__ENCRYPTION_KEYS: write ID:KEY, several with commas, each with an id of its own; "
                    "`openssl rand -base64 32` prints a KEY"
                )
            keys[key_id] = key
        return cls(keys)

    def encrypt(self, name: str, value: str | bytes) -> str | bytes:
        """A value as the store keeps it; an empty value stays empty."""
        if self._current is None or not value:
            return value
        plain = value.encode() if isinstance(value, str) else value
        nonce, key_id = os.urandom(NONCE_BYTES), self._current.encode()
        encrypted = self._cipher(self._current, name).encrypt(nonce, plain, None)
        return b"".join((START, bytes([len(key_id)]), key_id, nonce, encrypted))

    def decrypt(self, name: str, stored: bytes) -> bytes:
        """A value that the store kept.

        Raises:
            StorageError: its key is not in the settings, or the value was changed.
        """
        if not stored.startswith(START):
            return stored
        id_at = len(START) + 1
        nonce_at = id_at + int.from_bytes(stored[len(START) : id_at])
        key_id = stored[id_at:nonce_at].decode(errors="replace")
        if key_id not in self._keys:
            raise StorageError(
                f"a value of the store is encrypted with the key {key_id!r}, which is not in the settings"
            )
        nonce, encrypted = stored[nonce_at : nonce_at + NONCE_BYTES], stored[nonce_at + NONCE_BYTES :]
        try:
            return self._cipher(key_id, name).decrypt(nonce, encrypted, None)
        except (InvalidTag, ValueError) as error:
            raise StorageError("a value of the store does not decrypt: it was changed, or its key was") from error

    def _cipher(self, key_id: str, name: str) -> AESGCM:
        return AESGCM(hmac.digest(self._keys[key_id], name.encode(), "sha256"))


PLAIN = Encryption({})
"""Stores values as they are."""
