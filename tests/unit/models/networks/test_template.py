import base64
import hashlib
import json
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from models.errors import InvalidRequest
from models.networks.template import (
    DIMENSION,
    SIZE,
    Embedding,
    ForeignTemplate,
    InvalidTemplate,
    OtherTemplateModel,
    OtherTemplateVersion,
    TemplateCutOff,
    TemplateDamaged,
    decode,
    encode,
)


def unit(values: Embedding) -> Embedding:
    length = np.linalg.norm(values)
    assume(length > 0.01)
    return np.asarray(values / length, np.float32)


embeddings = arrays.arrays(np.float32, DIMENSION, elements=st.floats(-1, 1, width=32)).map(unit)
SOME = encode(np.full(DIMENSION, DIMENSION**-0.5, np.float32))


@dataclass(frozen=True)
class Layout:
    """The parts of a template as it is documented, so that each can be replaced on its own."""

    magic: bytes = b"FLFT"
    version: int = 1
    dimension: int = DIMENSION
    model: bytes = SOME[8:24]
    numbers: bytes = SOME[40:]

    def sealed(self) -> bytes:
        prefix = self.magic + self.version.to_bytes(2, "little") + self.dimension.to_bytes(2, "little") + self.model
        return prefix + hashlib.blake2b(prefix + self.numbers, digest_size=16).digest() + self.numbers


@given(embeddings)
def test_an_embedding_survives_to_the_precision_of_float16(embedding: Embedding) -> None:
    template = encode(embedding)
    assert len(template) == SIZE == 296
    np.testing.assert_allclose(decode(template), embedding, atol=1e-3)
    assert np.linalg.norm(decode(template)) == pytest.approx(1, abs=1e-6)


@given(embeddings)
def test_a_template_survives_json(embedding: Embedding) -> None:
    template = encode(embedding)
    text = json.loads(json.dumps(base64.b64encode(template).decode()))
    assert base64.b64decode(text, validate=True) == template


def test_the_layout_is_the_documented_one() -> None:
    assert Layout().sealed() == SOME


@given(st.integers(0, 8 * SIZE - 1), embeddings)
def test_any_flipped_bit_is_an_error(bit: int, embedding: Embedding) -> None:
    template = bytearray(encode(embedding))
    template[bit // 8] ^= 1 << bit % 8
    with pytest.raises(InvalidTemplate):
        decode(bytes(template))


@given(st.binary(max_size=2 * SIZE))
def test_other_bytes_are_an_error(template: bytes) -> None:
    with pytest.raises(InvalidTemplate):
        decode(template)


@pytest.mark.parametrize("template", [b"", SOME[:-1], SOME + b"\0", SOME[:74]])
def test_a_template_of_another_length_says_so(template: bytes) -> None:
    with pytest.raises(TemplateCutOff, match=f"A template has 296 bytes, not {len(template)}"):
        decode(template)


@pytest.mark.parametrize(
    ("template", "error"),
    [
        (bytes(SIZE), ForeignTemplate),
        (Layout(magic=b"FLFX").sealed(), ForeignTemplate),
        (Layout(version=2).sealed(), OtherTemplateVersion),
        (Layout(model=bytes(16)).sealed(), OtherTemplateModel),
        (Layout(dimension=256).sealed(), OtherTemplateModel),
        (SOME[:24] + bytes(16) + SOME[40:], TemplateDamaged),
        (SOME[:-1] + bytes([SOME[-1] ^ 1]), TemplateDamaged),
    ],
)
def test_each_thing_that_is_wrong_has_its_own_error(template: bytes, error: type[InvalidTemplate]) -> None:
    with pytest.raises(InvalidTemplate) as caught:
        decode(template)
    assert type(caught.value) is error


@pytest.mark.parametrize("number", [0.0, 2.0, np.inf, np.nan])
def test_sealed_numbers_that_are_no_embedding_are_an_error(number: float) -> None:
    numbers = np.full(DIMENSION, number, "<f2").tobytes()
    with pytest.raises(TemplateDamaged, match="no embedding"):
        decode(Layout(numbers=numbers).sealed())


def test_the_errors_are_the_callers_and_have_types_of_their_own() -> None:
    errors = (TemplateCutOff, ForeignTemplate, OtherTemplateVersion, OtherTemplateModel, TemplateDamaged)
    assert all(issubclass(error, InvalidRequest) for error in errors)
    assert len({error.type for error in (*errors, InvalidTemplate)}) == 6
