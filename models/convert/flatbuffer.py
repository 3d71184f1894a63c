"""A reader of FlatBuffers files: tables whose fields have numbers.

Binary format: FlatBuffers documentation, "FlatBuffer internals". A table starts with the distance back to its vtable,
which holds at 4 + 2 * field the offset of each field in the table, 0 for a field that was left out.
"""

import struct
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a file; a field that the file leaves out reads as 0 or as an empty vector."""

    file: bytes
    start: int

    @classmethod
    def root(cls, file: bytes) -> "Table":
        """The root table of a file."""
        return cls(file, 0)._followed(0)

    def integer(self, field: int, layout: str = "i") -> int:
        """An integer: int32, or another `struct` layout, such as "b" for int8 or "I" for uint32."""
        position = self._position(field)
        return self._integer(layout, position) if position else 0

    def real(self, field: int) -> float:
        """A float32."""
        position = self._position(field)
        return float(struct.unpack_from("<f", self.file, position)[0]) if position else 0.0

    def table(self, field: int) -> "Table":
        """A table inside this one; the field must not be left out."""
        return self._followed(self._position(field))

    def tables(self, field: int) -> list["Table"]:
        """A vector of tables."""
        first, length = self._vector(field)
        return [self._followed(first + 4 * index) for index in range(length)]

    def integers(self, field: int) -> list[int]:
        """A vector of int32."""
        first, length = self._vector(field)
        return list(struct.unpack_from(f"<{length}i", self.file, first))

    def content(self, field: int) -> bytes:
        """A vector of bytes; a text is one too."""
        first, length = self._vector(field)
        return self.file[first : first + length]

    def _position(self, field: int) -> int:
        vtable = self.start - self._integer("i", self.start)
        entry = 4 + 2 * field
        offset = self._integer("H", vtable + entry) if entry < self._integer("H", vtable) else 0
        return self.start + offset if offset else 0

    def _vector(self, field: int) -> tuple[int, int]:
        position = self._position(field)
        if not position:
            return 0, 0
        start = position + self._integer("I", position)
        return start + 4, self._integer("I", start)

    def _followed(self, position: int) -> "Table":
        return Table(self.file, position + self._integer("I", position))

    def _integer(self, layout: str, position: int) -> int:
        return int(struct.unpack_from(f"<{layout}", self.file, position)[0])
