"""`faceline audit`: shows who did what with which job."""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from time import time
from typing import Annotated

import typer
from rich.console import Console

from access.audit import Action, AuditEntry, AuditStream
from cli.durations import duration_s
from cli.exits import exit_on_error
from config.settings import load_settings
from embedded.store import reachable_store


def audit(
    since: Annotated[str, typer.Option(metavar="DURATION", help="How far back, such as 90d.")] = "1d",
    who: Annotated[str | None, typer.Option("--key", metavar="ID|NAME", help="Only this key, or this name.")] = None,
    subject: Annotated[str | None, typer.Option("--id", metavar="ID", help="Only this job or batch.")] = None,
    action: Annotated[Action | None, typer.Option(help="Only this, such as read: who read a job.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, an entry a line.")] = False,
) -> None:
    """Show what callers did: who, what, which job, when and from where.

    Callers without a key, where the API asks for none, are not in it.
    """
    begins = time() - duration_s(since)
    settings = load_settings()
    with exit_on_error(Console(stderr=True)), reachable_store(settings, sys.stderr) as client:
        for entry in _chosen(AuditStream(client, settings.access.audit_entries).since(begins), who, subject, action):
            typer.echo(_as_json(entry) if as_json else _as_line(entry))


def _chosen(
    entries: Iterator[AuditEntry], who: str | None, subject: str | None, action: Action | None
) -> Iterator[AuditEntry]:
    for entry in entries:
        asked = who in (None, entry.key, entry.owner) and subject in (None, entry.subject)
        if asked and action in (None, entry.action):
            yield entry


def _as_json(entry: AuditEntry) -> str:
    return json.dumps({**entry.fields(), "at": _moment(entry)})


def _as_line(entry: AuditEntry) -> str:
    who = f"{entry.owner} ({entry.key or entry.subject})" if entry.owner else entry.key
    parts = [_moment(entry), f"{entry.action:11}", who, entry.subject, entry.status, entry.client]
    return "  ".join("–" if part is None else str(part) for part in parts)


def _moment(entry: AuditEntry) -> str:
    return datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="milliseconds")
