"""Writes an entry of the audit for each request of a caller with a key, and for each refused one."""

from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from access.audit import Action, AuditEntry
from access.caller import Caller
from access.key import Scope as KeyScope
from api.root_path import LOCATIONS

REFUSALS = frozenset({401, 403, 421})
"""The statuses of requests that were refused for their key, their host or their origin."""
_STATE = "audit"


@dataclass(slots=True)
class RequestNote:
    """What a route says of its request for the audit.

    Attributes:
        caller: None until its key was checked.
        scope: that the route needs.
        subject: the id of the job or batch in the path, or the owner whose jobs and batches are erased.
        action: what the request does; None if its method and path say it.
    """

    caller: Caller | None = None
    scope: KeyScope | None = None
    subject: str | None = None
    action: Action | None = None


def note_of(scope: Scope) -> RequestNote:
    """The note of a request."""
    state = scope.setdefault("state", {})
    note: RequestNote | None = state.get(_STATE)
    if note is None:
        note = state[_STATE] = RequestNote()
    return note


def pass_note(asked: Scope, other: Scope) -> None:
    """Give a request the note of another one that was answered in the same way."""
    other.setdefault("state", {})[_STATE] = note_of(asked)


class Audited:
    """ASGI middleware: writes an entry when the answer to a request begins.

    Args:
        app: answers the requests; its state has the parts of the process.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        note = note_of(scope)

        async def send_and_write(message: Message) -> None:
            if message["type"] == "http.response.start":
                write_entry(scope, note, message)
            await send(message)

        await self._app(scope, receive, send_and_write)


def write_entry(scope: Scope, note: RequestNote, message: Message) -> None:
    """Write an entry if the request has a key, or was refused for its key, its host or its origin.

    Args:
        scope: of the request.
        note: of the request.
        message: the beginning of the answer.
    """
    status, caller = message["status"], note.caller
    refused = status in REFUSALS
    if not refused and (caller is None or caller.key_id is None):
        return
    client = scope.get("client")
    entry = AuditEntry(
        Action.REFUSED if refused else action_of(scope["method"], scope["path"], note),
        key=caller.key_id if caller else None,
        owner=caller.owner if caller else None,
        subject=note.subject or made_by(message),
        status=status,
        client=client[0] if client else None,
    )
    scope["app"].state.parts.audit.add(entry)


def action_of(method: str, path: str, note: RequestNote) -> Action:
    """What a request does."""
    if note.action is not None:
        return note.action
    if method in ("GET", "HEAD"):
        return Action.READ if note.subject else Action.LIST
    if method == "DELETE":
        return Action.ERASE
    if note.subject and path.endswith("/cancel"):
        return Action.CANCEL
    return Action.SUBMIT if note.scope in (KeyScope.JOBS, KeyScope.BATCHES) else Action.PROCESS


def subject_id(scope: Scope, answer: Message | None) -> str | None:
    """The id of the job or batch that a request names or made; None if there is none.

    Args:
        scope: of the request.
        answer: the beginning of the answer, if it has begun.
    """
    note = note_of(scope)
    if note.action is Action.ERASE_ALL:
        return None  # the subject is an owner
    return note.subject or (made_by(answer) if answer else None)


def made_by(answer: Message) -> str | None:
    """The id of the job or batch that a request made, from the headers of the answer; None if it made none."""
    for name, value in answer["headers"]:
        if name in LOCATIONS:
            return str(value.decode("latin-1").rpartition("/")[2])
    return None
