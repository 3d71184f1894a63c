"""Access of routes: each route declares the scope that its callers need, or that it is public.

A route that declares nothing stops the process: see `require_declared`.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.routing import BaseRoute

from access.caller import Caller
from access.key import Scope
from access.keyring import Keyring
from api.audit import note_of
from config.errors import FacelineError


class AccessUndeclared(FacelineError):
    """A route does not declare who may use it."""


@dataclass(frozen=True, slots=True)
class Needs:
    """The declaration of a route that its callers need a key: a dependency that gives the caller.

    Attributes:
        scope: that the key must have; None accepts each key.
    """

    scope: Scope | None

    async def __call__(self, request: Request) -> Caller:
        """The caller of a request.

        Raises:
            Unauthenticated: the request has no valid key.
            MissingScope: its key lacks the scope.
            StorageError: the store does not answer.
        """
        note = note_of(request.scope)
        note.scope = self.scope
        note.subject = request.path_params.get("job_id") or request.path_params.get("batch_id")
        # Of a request that was not refused early, the caller is known already.
        caller = note.caller or await authenticated(request.app.state.parts.keyring, _key_text(request))
        note.caller = caller
        if self.scope is not None:
            caller.require(self.scope)
        return caller


async def public() -> None:
    """The declaration of a route that everyone may use."""


async def key_in_body() -> None:
    """The declaration of a route that takes the key from the body itself."""


PUBLIC = Depends(public)
KEY_IN_BODY = Depends(key_in_body)
KeyHolder = Annotated[Caller, Depends(Needs(None))]
Processor = Annotated[Caller, Depends(Needs(Scope.PROCESS))]
JobSubmitter = Annotated[Caller, Depends(Needs(Scope.JOBS))]
BatchSubmitter = Annotated[Caller, Depends(Needs(Scope.BATCHES))]
Reader = Annotated[Caller, Depends(Needs(Scope.READ))]
Administrator = Annotated[Caller, Depends(Needs(Scope.ADMIN))]
Eraser = Annotated[Caller, Depends(Needs(Scope.ERASE))]


async def authenticated(keyring: Keyring, text: str | None) -> Caller:
    """The caller who sent a text as its key; records the use of the key.

    Raises:
        Unauthenticated: a key is needed and the text is not a live one.
        StorageError: the store does not answer.
    """
    if not keyring.is_fresh(text):
        await asyncio.to_thread(keyring.refresh, text)
    caller = keyring.caller(text)
    if caller.key_id is not None and keyring.use_unnoted(caller.key_id):
        await asyncio.to_thread(keyring.note_use, caller.key_id)
    return caller


def api_routes(routes: Sequence[BaseRoute]) -> Iterator[RouteContext]:
    """All routes of an app that answer with a function, also those of its routers; not its static files."""
    return (route for route in iter_route_contexts(routes) if getattr(route, "dependant", None) is not None)


def needs_of(route: RouteContext) -> Needs | None:
    """What the callers of a route need; None if it does not ask for a key in a header."""
    return next((call for call in _calls(route.dependant) if isinstance(call, Needs)), None)


def is_public(route: RouteContext) -> bool:
    """Whether everyone may use a route."""
    return public in _calls(route.dependant)


def require_declared(routes: Sequence[BaseRoute]) -> None:
    """Check that each route declares who may use it.

    Raises:
        AccessUndeclared: a route does not.
    """
    for route in api_routes(routes):
        declared = [
            call for call in _calls(route.dependant) if isinstance(call, Needs) or call in (public, key_in_body)
        ]
        if len(declared) != 1:
            raise AccessUndeclared(
                f"{route.path} declares {len(declared)} times who may use it: give its function one parameter such as "
                "`caller: Reader`, or the route the dependency `PUBLIC` (api/access.py)"
            )


def _calls(dependant: Dependant) -> Iterator[object]:
    for dependency in dependant.dependencies:
        yield dependency.call
        yield from _calls(dependency)


def _key_text(request: Request) -> str | None:
    """The key of a request: that of `Authorization`, or of `X-API-Key`.

    Several headers of one name are no key: a proxy may have checked another one of them.
    """
    scheme, _, credentials = ", ".join(request.headers.getlist("authorization")).partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    given = request.headers.getlist("x-api-key")
    return ", ".join(given) if given else None
