"""The span of each request: its method, the template of its route and the status of its answer."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.audit import subject_id
from api.measured import UNANSWERED, method_of, path_of
from api.request_lines import PROBES
from config.logs import request_id
from traces import spans

_HEADER = spans.TRACEPARENT.encode()


class Traced:
    """ASGI app around the API: records a span for each request that is sampled, and none for probes.

    Args:
        app: answers the requests; its router notes the route in the scope.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self._app(scope, receive, send)
            return
        given = [value for name, value in scope["headers"] if name == _HEADER]
        with spans.request("request", given[0].decode("latin-1") if len(given) == 1 else None) as span:
            if span.recorded:
                await self._answer(span, scope, receive, send)
            else:
                await self._app(scope, receive, send)

    async def _answer(self, span: spans.Span, scope: Scope, receive: Receive, send: Send) -> None:
        started: Message | None = None

        async def send_and_note(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = message
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        finally:
            method, route = method_of(scope), path_of(scope)
            status = started["status"] if started else UNANSWERED
            attributes = {
                "http.request.method": method,
                "http.route": route,
                "http.response.status_code": status,
                "faceline.request.id": request_id.get(),
                # The job or batch exists; the path of a refused request may have any text.
                "faceline.subject.id": subject_id(scope, started) if status < 400 else None,
            }
            span.note({name: value for name, value in attributes.items() if value is not None}, f"{method} {route}")
            if status == UNANSWERED or status >= 500:
                span.fail(str(status))
