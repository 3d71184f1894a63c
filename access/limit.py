"""`Limit`: the most photos in a time, as people write it."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import limits

from access.errors import KeyRefused


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many photos in so many seconds.

    Attributes:
        text: as it was written, such as `10/second` or `5000/2 hours`.
    """

    photos: int
    seconds: int
    text: str

    @classmethod
    @lru_cache
    def parse(cls, text: str) -> Self:
        """The limit that a text says; a month has 30 days.

        Raises:
            KeyRefused: it says none.
        """
        try:
            item = limits.parse(text)
        except ValueError as error:
            raise KeyRefused(f"{text!r} is not a limit: write it as 10/second, 600/minute or 100000/month") from error
        return cls(item.amount, item.get_expiry(), text)

    def __str__(self) -> str:
        return f"{self.photos} photos in {self.seconds} s"
