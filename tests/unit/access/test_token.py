import re

import pytest

from access.token import Token


def test_a_key_is_recognised_by_its_form() -> None:
    token = Token.new()
    assert re.fullmatch(r"fl_[0-9A-Za-z]{8}_[0-9A-Za-z]{49}", token.reveal())
    assert Token.parse(token.reveal()) == token
    assert token.reveal().split("_")[1] == token.id


def test_keys_differ() -> None:
    assert len({Token.new().reveal() for _ in range(100)}) == 100


@pytest.mark.parametrize("position", [3, 12, 30, -1])
def test_a_mistyped_key_is_none(position: int) -> None:
    text = list(Token.new().reveal())
    text[position] = "A" if text[position] != "A" else "B"
    assert Token.parse("".join(text)) is None


@pytest.mark.parametrize("text", ["", "fl_", "fl__", "a-key", "fl_12345678_" + "é" * 49])
def test_other_texts_are_no_keys(text: str) -> None:
    assert Token.parse(text) is None
    assert Token.parse(Token.new().reveal() + "\n") is None


def test_neither_its_representation_nor_its_digest_has_the_secret() -> None:
    token = Token.new()
    secret = token.reveal().split("_")[2]
    assert secret not in repr(token)
    assert re.fullmatch(r"[0-9a-f]{64}", token.digest)
