from pathlib import Path
from typing import cast

import pytest
from pydantic import SecretStr

from access.errors import KeysMissing
from access.first_key import FirstKey, is_loopback, require_keys
from access.store import KeyStore
from access.token import Token
from config.errors import InvalidSetting
from config.settings import AccessSettings
from tests.fakes.key_store import MemoryKeyStore


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.2", False),
        ("localhost.example.org", False),
        ("", False),
    ],
)
def test_addresses_of_this_machine_are_told_from_others(host: str, local: bool) -> None:
    assert is_loopback(host) is local


def check(host: str, settings: AccessSettings, store: MemoryKeyStore | None = None) -> None:
    require_keys(cast(KeyStore, store or MemoryKeyStore()), settings, host)


def test_an_api_without_keys_stays_on_this_machine() -> None:
    check("127.0.0.1", AccessSettings())
    with pytest.raises(KeysMissing, match="faceline keys create NAME"):
        check("0.0.0.0", AccessSettings())


def test_keys_or_the_decision_to_be_open_let_it_out(tmp_path: Path) -> None:
    token = Token.new()
    with_key = MemoryKeyStore()
    with_key.put(FirstKey(token).key(0))
    check("0.0.0.0", AccessSettings(), with_key)
    check("0.0.0.0", AccessSettings(open=True))
    check("0.0.0.0", AccessSettings(first_key=SecretStr(token.reveal())))
    (tmp_path / "key").write_text(f"{token.reveal()}\n")
    check("0.0.0.0", AccessSettings(first_key_file=tmp_path / "key"))


def test_a_store_that_does_not_answer_yet_does_not_stop_the_start() -> None:
    store = MemoryKeyStore()
    store.down = True
    check("0.0.0.0", AccessSettings(), store)


def test_an_empty_first_key_is_none(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("\n")
    assert FirstKey.of(AccessSettings(first_key_file=tmp_path / "key")) is None
    assert FirstKey.of(AccessSettings(first_key=SecretStr(""))) is None


def test_a_first_key_that_is_none_is_an_error_which_does_not_repeat_it(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="faceline keys generate") as caught:
        FirstKey.of(AccessSettings(first_key=SecretStr("a-password")))
    assert "a-password" not in str(caught.value)
    with pytest.raises(InvalidSetting, match="No such file"):
        FirstKey.of(AccessSettings(first_key_file=tmp_path / "none"))
