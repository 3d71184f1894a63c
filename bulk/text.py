"""Names as text that files in UTF-8 can hold."""


def printable(name: str) -> str:
    """The name with escapes for what is no text: bytes of a file name that are not UTF-8, and lone surrogates."""
    try:
        encoded = name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        # JSON can hold surrogates that are no bytes of a file name.
        encoded = name.encode("utf-8", "backslashreplace")
    return encoded.decode("utf-8", "backslashreplace")
