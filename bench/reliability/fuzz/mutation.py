"""Mutations of real files: hypothesis draws a few edits, and finds the fewest that make a target fail."""

from collections.abc import Sequence

from hypothesis import strategies as st

MOST_EDITS = 8
HEADER_BYTES = 256
"""Every second edit is in the first bytes of a file, where its structure is."""
_NUMBERS = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]


@st.composite
def mutated(draw: st.DrawFn, files: Sequence[bytes]) -> bytes:
    """One of some files, with up to `MOST_EDITS` edits."""
    data: bytes = draw(st.sampled_from(files))
    for _ in range(draw(st.integers(0, MOST_EDITS))):
        data = _edited(draw, data, files)
    return data


def _edited(draw: st.DrawFn, data: bytes, files: Sequence[bytes]) -> bytes:
    start = draw(st.integers(0, min(HEADER_BYTES, len(data))) | st.integers(0, len(data)))
    head, tail = data[:start], data[start:]
    match draw(st.sampled_from(("flip", "number", "delete", "repeat", "insert", "cut", "splice"))):
        case "flip" if tail:
            bit: int = draw(st.integers(0, 7))
            return head + bytes([tail[0] ^ (1 << bit)]) + tail[1:]
        case "number":
            size: int = draw(st.sampled_from((1, 2, 4)))
            number: bytes = (draw(st.sampled_from(_NUMBERS)) % 256**size).to_bytes(size, "big")
            return head + (number[::-1] if draw(st.booleans()) else number) + tail[size:]
        case "delete":
            return head + tail[draw(st.integers(1, 64)) :]
        case "repeat":
            return head + tail[: draw(st.integers(1, 64))] * draw(st.integers(2, 64)) + tail
        case "insert":
            inserted: bytes = draw(st.binary(max_size=16))
            return head + inserted + tail
        case "splice":
            other: bytes = draw(st.sampled_from(files))
            return head + other[draw(st.integers(0, len(other))) :]
        case _:
            return head
