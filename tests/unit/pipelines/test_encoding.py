from base64 import b64encode, encodebytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.encoding import decode_base64
from pipelines.errors import UndecodableBase64


@given(st.binary())
def test_base64_is_decoded_with_and_without_line_breaks(data: bytes) -> None:
    assert decode_base64(b64encode(data).decode()) == data
    assert decode_base64(encodebytes(data).decode()) == data


@pytest.mark.parametrize("text", ["QUI", "QUJ$", "====", "data:image/jpeg;base64,QUJD", "QUJDñ", "QUJD\x00"])
def test_anything_else_is_refused_with_the_text_of_the_contract(text: str) -> None:
    with pytest.raises(UndecodableBase64, match=r"^Failed to decode base64 string$"):
        decode_base64(text)
