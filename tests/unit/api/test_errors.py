from collections.abc import Iterator

from api.errors import STATUS, error_response
from jobs.errors import Overloaded
from models.catalogue import all_services
from models.errors import InvalidRequest


def refusals(kind: type[InvalidRequest] = InvalidRequest) -> Iterator[type[InvalidRequest]]:
    """All errors that are the caller's, wherever they are declared."""
    yield kind
    for child in kind.__subclasses__():
        yield from refusals(child)


def test_no_mistake_of_a_caller_is_an_internal_error() -> None:
    assert all_services(), "the services declare errors of their own"
    assert {kind.type for kind in refusals()} <= set(STATUS)


def test_a_way_out_of_a_refusal_is_in_its_headers() -> None:
    busy = error_response(Overloaded("busy"))
    assert (busy.status_code, busy.headers["retry-after"]) == (429, "2")
