"""Writes FlatBuffers files: a table is a dict of fields by number, a vector of tables a list of dicts."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tests.unit.models.convert.numeric import Array


@dataclass(frozen=True)
class Scalar:
    layout: str
    value: float


Value = Scalar | bytes | str | Array | Sequence[int] | Sequence["Fields"] | Mapping[int, "Value"]
Fields = Mapping[int, "Value"]


def write(root: Fields) -> bytes:
    file = bytearray(4)
    _point(file, 0, _table(file, root))
    return bytes(file)


def _table(file: bytearray, fields: Fields) -> int:
    """Append the table and after it what its fields refer to; give its position."""
    count = max(fields, default=-1) + 1
    vtable = len(file)
    start = vtable + 4 + 2 * count
    file += struct.pack("<HH", 4 + 2 * count, 4 + 8 * len(fields)) + bytes(2 * count)
    file += struct.pack("<i", start - vtable) + bytes(8 * len(fields))
    for slot, (number, value) in enumerate(fields.items()):
        position = start + 4 + 8 * slot
        struct.pack_into("<H", file, vtable + 4 + 2 * number, position - start)
        if isinstance(value, Scalar):
            struct.pack_into(f"<{value.layout}", file, position, value.value)
        else:
            _point(file, position, _child(file, value))
    return start


def _child(file: bytearray, value: Value) -> int:
    if isinstance(value, Mapping):
        return _table(file, value)
    position = len(file)
    if isinstance(value, str | bytes):
        content = value.encode() if isinstance(value, str) else value
        file += struct.pack("<I", len(content)) + content
    elif isinstance(value, np.ndarray):
        file += struct.pack("<I", value.nbytes) + value.tobytes()
    elif value and isinstance(value[0], Mapping):
        file += struct.pack("<I", len(value)) + bytes(4 * len(value))
        for index, entry in enumerate(value):
            slot = position + 4 + 4 * index
            _point(file, slot, _table(file, entry))
    else:
        file += struct.pack(f"<I{len(value)}i", len(value), *value)
    return position


def _point(file: bytearray, position: int, target: int) -> None:
    struct.pack_into("<I", file, position, target - position)
