"""The text of an API key: `fl_<id>_<secret><checksum>`.

Programs that search for leaked secrets recognise it by its form, and the checksum excludes texts that only look alike.
"""

import re
from binascii import crc32
from dataclasses import dataclass
from hashlib import sha256
from secrets import choice
from string import ascii_letters, digits
from typing import Self

ALPHABET = digits + ascii_letters
ID_LENGTH = 8
SECRET_LENGTH = 43
"""Random characters of base 62: 256 bits. So many random bits need no slow hash against guessing."""
CHECKSUM_LENGTH = 6
PREFIX = "fl_"
PATTERN = re.compile(f"{PREFIX}([0-9A-Za-z]{{{ID_LENGTH}}})_([0-9A-Za-z]{{{SECRET_LENGTH + CHECKSUM_LENGTH}}})")


@dataclass(frozen=True, slots=True)
class Token:
    """The text of an API key. It is shown to its owner once, and is kept nowhere.

    Attributes:
        id: of the key; not secret.
    """

    id: str
    _text: str

    @classmethod
    def new(cls) -> Self:
        """A random key."""
        key_id = _random(ID_LENGTH)
        start = f"{PREFIX}{key_id}_{_random(SECRET_LENGTH)}"
        return cls(key_id, start + _checksum(start))

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The key that a text is; None if it is none."""
        found = PATTERN.fullmatch(text)
        if found is None or _checksum(text[:-CHECKSUM_LENGTH]) != text[-CHECKSUM_LENGTH:]:
            return None
        return cls(found[1], text)

    @staticmethod
    def id_in(text: str) -> str:
        """The id of the key that a text is, if it is one: the text is not checked."""
        return text[len(PREFIX) : len(PREFIX) + ID_LENGTH]

    def reveal(self) -> str:
        """The whole text, with the secret."""
        return self._text

    @property
    def digest(self) -> str:
        """SHA-256 of the text in hex, which the store keeps."""
        return digest_of(self._text)

    def __repr__(self) -> str:
        return f"Token(fl_{self.id}_…)"


def digest_of(text: str) -> str:
    """The digest that a key has if its text is this one; any text has one."""
    return sha256(text.encode(errors="surrogatepass")).hexdigest()


def _random(length: int) -> str:
    return "".join(choice(ALPHABET) for _ in range(length))


def _checksum(text: str) -> str:
    """CRC-32 in base 62."""
    value, characters = crc32(text.encode()), ""
    for _ in range(CHECKSUM_LENGTH):
        value, rest = divmod(value, len(ALPHABET))
        characters = ALPHABET[rest] + characters
    return characters
