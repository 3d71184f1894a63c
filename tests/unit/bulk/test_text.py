import pytest

from bulk.text import printable


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("müller/a.jpg", "müller/a.jpg"),
        ("caf\udce9.jpg", "caf\\xe9.jpg"),
        ("\udcc3\udca9.jpg", "é.jpg"),
        ("a\ud800.jpg", "a\\ud800.jpg"),
        ("a\udce9\ud800.jpg", "a\\udce9\\ud800.jpg"),
    ],
)
def test_what_is_no_text_is_escaped(name: str, expected: str) -> None:
    assert printable(name) == expected
    assert printable(expected) == expected
