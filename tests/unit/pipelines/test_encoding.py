from base64 import b64encode, encodebytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.encoding import decode_base64, decode_image
from pipelines.errors import UndecodableBase64


@given(st.binary())
def test_base64_is_decoded_with_and_without_line_breaks(data: bytes) -> None:
    assert decode_base64(b64encode(data).decode()) == data
    assert decode_base64(encodebytes(data).decode()) == data


@pytest.mark.parametrize(
    "prefix",
    [
        "",
        "data:image/jpeg;base64,",
        "DATA:image/svg+xml;charset=utf-8;name=a.b;Base64,",
        "data:image/*;base64,",
        # As some encoders write it: of an unknown type, or of none.
        "data:application/octet-stream;base64,",
        "data:;base64,",
        "data:;charset=utf-8;base64,",
        " \n data:image/jpeg;base64,\n",
    ],
)
@given(data=st.binary())
def test_an_image_is_base64_or_a_data_url(prefix: str, data: bytes) -> None:
    assert decode_image(prefix + b64encode(data).decode()) == data


@pytest.mark.parametrize(
    "text",
    [
        "data:image/png,QUJD",
        "data:,QUJD",
        "data:base64,QUJD",
        "xdata:image/a;base64,QUJD",
        "data:image/png;base64,data:image/png;base64,QUJD",
    ],
)
def test_a_url_without_base64_is_no_image(text: str) -> None:
    with pytest.raises(UndecodableBase64):
        decode_image(text)


@pytest.mark.parametrize("text", ["QUI", "QUJ$", "====", "data:image/jpeg;base64,QUJD", "QUJDñ", "QUJD\x00"])
def test_anything_else_is_refused_with_the_text_of_the_contract(text: str) -> None:
    with pytest.raises(UndecodableBase64, match=r"^Failed to decode base64 string$"):
        decode_base64(text)
