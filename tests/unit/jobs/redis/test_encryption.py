from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from config.errors import InvalidSetting
from config.settings import SecretSettings
from jobs.errors import StorageError
from jobs.redis.encryption import PLAIN, Encryption

OLD, NEW = bytes(32), bytes(range(32))
ENCRYPTION = Encryption({"new": NEW, "old": OLD})


def stored(encryption: Encryption, name: str, value: bytes) -> bytes:
    written = encryption.encrypt(name, value)
    assert isinstance(written, bytes)
    return written


@given(st.binary(min_size=1), st.text())
def test_a_value_comes_back_and_is_not_in_what_is_stored(value: bytes, name: str) -> None:
    written = stored(ENCRYPTION, name, value)
    assert ENCRYPTION.decrypt(name, written) == value
    assert len(value) < 4 or value not in written[len(b"\x00fle1\x03new") :]
    assert written != stored(ENCRYPTION, name, value)


def test_text_comes_back_as_its_bytes_and_nothing_stays_nothing() -> None:
    written = ENCRYPTION.encrypt("a", "ü")
    assert isinstance(written, bytes)
    assert ENCRYPTION.decrypt("a", written) == "ü".encode()
    assert ENCRYPTION.encrypt("a", "") == ""


def test_an_old_key_decrypts_until_it_is_removed() -> None:
    before = stored(Encryption({"old": OLD}), "a", b"value")
    assert ENCRYPTION.decrypt("a", before) == b"value"
    with pytest.raises(StorageError, match="'old'"):
        Encryption({"new": NEW}).decrypt("a", before)
    with pytest.raises(StorageError, match="'old'"):
        PLAIN.decrypt("a", before)


def test_what_was_stored_before_encryption_is_read_as_it_is() -> None:
    for value in (b'{"json": 1}', b"\xff\xd8jpeg", b"\x89PNG", b"BM", b"RIFF"):
        assert ENCRYPTION.decrypt("a", value) == value
        assert PLAIN.encrypt("a", value) == value


def test_a_value_under_another_name_or_with_a_change_does_not_decrypt() -> None:
    written = stored(ENCRYPTION, "a", b"value")
    with pytest.raises(StorageError):
        ENCRYPTION.decrypt("b", written)
    for length in range(len(b"\x00fle1"), len(written)):
        with pytest.raises(StorageError):
            ENCRYPTION.decrypt("a", written[:length])
    for position in range(len(b"\x00fle1"), len(written)):
        changed = bytearray(written)
        changed[position] ^= 1
        with pytest.raises(StorageError):
            ENCRYPTION.decrypt("a", bytes(changed))


def test_keys_come_from_the_settings() -> None:
    text = f"new:{b64encode(NEW).decode()}, old:{b64encode(OLD).decode()}"
    read = Encryption.of(SecretSettings(encryption_keys=SecretStr(text)))
    assert read.decrypt("a", stored(ENCRYPTION, "a", b"value")) == b"value"
    assert Encryption.of(SecretSettings()).encrypt("a", b"value") == b"value"


@pytest.mark.parametrize("text", ["password", "a:", "a:cGFzc3dvcmQ=", ":" + b64encode(NEW).decode(), "a:*"])
def test_a_wrong_key_is_an_error_that_does_not_repeat_it(text: str) -> None:
    with pytest.raises(InvalidSetting, match="openssl rand") as caught:
        Encryption.of(SecretSettings(encryption_keys=SecretStr(text)))
    assert "password" not in str(caught.value)
