"""`Cursor`: where a list of jobs or batches continues."""

import re
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a list of jobs or batches continues: behind the job or batch that this names."""

    created_at: float
    id: str

    PATTERN = r"^\d{1,12}(\.\d{1,12})?_[0-9a-f-]{36}$"
    """What `str` writes, as a regular expression."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """The cursor that `str` wrote.

        Raises:
            ValueError: the text is not a cursor.
        """
        if not re.fullmatch(cls.PATTERN, text):
            raise ValueError("not a cursor")
        created_at, _, listed_id = text.partition("_")
        return cls(float(created_at), listed_id)

    def __str__(self) -> str:
        return f"{self.created_at!r}_{self.id}"
