"""The parameters that several routes take."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Query, Request
from fastapi.exceptions import RequestValidationError

from jobs.cursor import Cursor
from pipelines.errors import InvalidSample

Limit = Annotated[int, Query(ge=1, le=100, description="the largest number of entries on a page")]
CursorText = Annotated[str | None, Query(description="`next` of the page before", pattern=Cursor.PATTERN)]


def cursor_of(text: str | None) -> Cursor | None:
    """The cursor of a request; None for the first page."""
    return None if text is None else Cursor.parse(text)


def invalid_query(name: str, message: str, kind: str) -> RequestValidationError:
    """The error of a parameter of the query, as the framework makes it."""
    return RequestValidationError([{"loc": ("query", name), "msg": message, "type": kind}])


def refuse_in_query(request: Request, names: Collection[str], where: str) -> None:
    """Check that the query has none of the options that belong elsewhere: they would have no effect.

    Args:
        request: whose query is checked.
        names: of the options.
        where: the options belong, for the message.

    Raises:
        RequestValidationError: the query has one.
    """
    for name in request.query_params if request.scope["query_string"] else ():
        if name in names:
            raise invalid_query(name, f"`{name}` has no effect in the query of this route: {where}", "misplaced")


@contextmanager
def in_query() -> Iterator[None]:
    """Gives errors of options the location of the query.

    Raises:
        RequestValidationError: instead of `InvalidSample`, whose locations are in the body.
    """
    try:
        yield
    except InvalidSample as error:
        details = [{**detail, "loc": ("query", *detail["loc"])} for detail in error.details]
        raise RequestValidationError(details) from error
