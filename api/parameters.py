"""The parameters that several routes take."""

from typing import Annotated

from fastapi import Query

from jobs.cursor import Cursor

Limit = Annotated[int, Query(ge=1, le=100, description="the largest number of entries on a page")]
CursorText = Annotated[str | None, Query(description="`next` of the page before", pattern=Cursor.PATTERN)]


def cursor_of(text: str | None) -> Cursor | None:
    """The cursor of a request; None for the first page."""
    return None if text is None else Cursor.parse(text)
