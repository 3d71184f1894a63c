"""A reader of FlatBuffers files: tables whose fields go by number.

Binary format: FlatBuffers documentation, "FlatBuffer internals". A table starts with the distance back to its vtable,
which lists at 4 + 2 * field where each field lies in the table, 0 for one that was left out.
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
        """The table that the file as a whole is."""
        return cls(file, 0)._followed(0)

    def integer(self, field: int, layout: str = "i") -> int:
        """A number: int32, or what another `struct` layout says, as "b" for int8 or "I" for uint32."""
        place = self._place(field)
        return self._integer(layout, place) if place else 0

    def real(self, field: int) -> float:
        """A float32."""
        place = self._place(field)
        return float(struct.unpack_from("<f", self.file, place)[0]) if place else 0.0

    def table(self, field: int) -> "Table":
        """A table inside this one; the field must be there."""
        return self._followed(self._place(field))

    def tables(self, field: int) -> list["Table"]:
        """A vector of tables."""
        first, length = self._vector(field)
        return [self._followed(first + 4 * index) for index in range(length)]

    def integers(self, field: int) -> list[int]:
        """A vector of int32."""
        first, length = self._vector(field)
        return list(struct.unpack_from(f"<{length}i", self.file, first))

    def content(self, field: int) -> bytes:
        """A vector of bytes, which a text is too."""
        first, length = self._vector(field)
        return self.file[first : first + length]

    def _place(self, field: int) -> int:
        vtable = self.start - self._integer("i", self.start)
        entry = 4 + 2 * field
        offset = self._integer("H", vtable + entry) if entry < self._integer("H", vtable) else 0
        return self.start + offset if offset else 0

    def _vector(self, field: int) -> tuple[int, int]:
        place = self._place(field)
        if not place:
            return 0, 0
        start = place + self._integer("I", place)
        return start + 4, self._integer("I", start)

    def _followed(self, place: int) -> "Table":
        return Table(self.file, place + self._integer("I", place))

    def _integer(self, layout: str, place: int) -> int:
        return int(struct.unpack_from(f"<{layout}", self.file, place)[0])
