"""Refuses requests for which there is no room, before the framework looks at them.

Finding the route, checking its parameters and raising the error take a third of the time of a refusal. Under overload,
workers on the same machine need that time.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic

from fastapi import Request
from fastapi.routing import RouteContext
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from api.access import Needs, api_routes, needs_of
from api.errors import error_response
from api.jobs.requests import PRIORITIES, default_priorities, may_name_priority
from api.parts import ApiParts
from api.peeked import PeekedBody
from api.repeated import REPEATED_S, repeat
from config.errors import FacelineError
from jobs.errors import Overloaded
from models.family import ModelFamily

JOBS = "/jobs"


@dataclass(frozen=True, slots=True)
class Waited:
    """A synchronous route: its caller waits for the answer.

    Attributes:
        family: of the service that the caller waits for.
        headers: of each answer.
    """

    family: ModelFamily
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Entrance:
    """A route that is refused early.

    Attributes:
        route: the route.
        needs: what its callers need.
        waited: None if it takes jobs.
    """

    route: RouteContext
    needs: Needs
    waited: Waited | None


class EarlyRefusals:
    """ASGI middleware: refuses synchronous callers by their path, and jobs by their body, without parsing it.

    The middleware around it, and the dependencies of the route, do what they do for other requests: a refused caller is
    authenticated, noted for the audit and counted.

    Args:
        app: answers the requests; its state has the parts of the process.
        routes: of the app.
        waited: the synchronous routes, by their paths.
        job_bytes: the most bytes of a job's body that are read to refuse it.
    """

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute], waited: Mapping[str, Waited], job_bytes: int) -> None:
        self._app = app
        self._routes = routes
        self._waited = waited
        self._job_bytes = job_bytes
        self._known: Mapping[str, Entrance] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        entrance = self._entrances.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if entrance is None:
            await self._app(scope, receive, send)
            return
        try:
            receive = await self._admit(entrance, scope, receive)
        except FacelineError as error:
            # As the router notes it, for the metrics and the log.
            scope["route"] = entrance.route
            response = error_response(error)
            if entrance.waited:
                response.headers.update(entrance.waited.headers or {})
            await response(scope, receive, send)
            return
        await self._app(scope, receive, send)

    @property
    def _entrances(self) -> Mapping[str, Entrance]:
        if self._known is None:
            # Here, since routes are added after the middleware.
            self._known = dict(self._find_entrances())
        return self._known

    def _find_entrances(self) -> Iterator[tuple[str, Entrance]]:
        for route in api_routes(self._routes):
            path, needs = route.path or "", needs_of(route)
            if needs is not None and "POST" in (route.methods or ()) and (path in self._waited or path == JOBS):
                yield path, Entrance(route, needs, self._waited.get(path))

    async def _admit(self, entrance: Entrance, scope: Scope, receive: Receive) -> Receive:
        """Check that there may be room for a request; the channel from which the app receives its body.

        Raises:
            Overloaded: there is none.
            FacelineError: its caller has no right to it, or the body does not come in.
        """
        caller = await entrance.needs(Request(scope))
        parts: ApiParts = scope["app"].state.parts
        looked_at = monotonic()
        if entrance.waited:
            try:
                await parts.caller_admission.require_room(entrance.waited.family)
            except Overloaded as error:
                # Without an estimate, it may be a matter of milliseconds until there is room.
                if error.retry_after_s is not None:
                    repeat(scope, error, looked_at + min(REPEATED_S, parts.settings.limits.high_wait_s / 3))
                raise
            return receive
        try:
            parts.job_arrivals.require_room(default_priorities(caller.owner))
        except Overloaded as error:
            try:
                # If there is no room for any priority, the body need not be read.
                parts.job_arrivals.require_room(PRIORITIES)
            except Overloaded as no_room:
                repeat(scope, no_room, looked_at + REPEATED_S)
                raise
            body = PeekedBody(receive)
            if await body.read(self._job_bytes) and not may_name_priority(body.content()):
                repeat(scope, error, looked_at + REPEATED_S, unless=may_name_priority)
                raise
            return body.receive
        return receive
