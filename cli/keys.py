"""`faceline keys`: creates, lists, rotates and revokes API keys."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from math import ceil
from typing import Annotated, Any

import typer
from rich.box import HORIZONTALS
from rich.console import Console
from rich.table import Table

from access.administration import KeyAdministration
from access.audit import AuditStream
from access.key import ApiKey, Scope
from access.store import KeyStore
from access.token import Token
from cli.durations import duration_s
from cli.exits import exit_on_error
from config.settings import load_settings
from embedded.store import reachable_store

app = typer.Typer(help="Create and end API keys.", no_args_is_help=True, add_completion=False)

Name = Annotated[str, typer.Argument(help="Whose key it is. Jobs and batches belong to this name.")]


@app.command()
def create(
    name: Name,
    scope: Annotated[
        list[Scope] | None, typer.Option(help="What the key allows; repeat the option. By default all but admin.")
    ] = None,
    expires: Annotated[
        str | None, typer.Option(metavar="DURATION", help="End the key after, for example, 90d.")
    ] = None,
    rate: Annotated[str | None, typer.Option(help="The most photos in a short time, such as 10/second.")] = None,
    quota: Annotated[str | None, typer.Option(help="The most photos in a long time, such as 100000/month.")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="The most jobs that are not over at a time.")] = None,
    most_bytes: Annotated[
        int | None, typer.Option("--bytes", min=1, help="The most bytes of its jobs that the store keeps.")
    ] = None,
    ttl: Annotated[str | None, typer.Option(metavar="DURATION", help="The longest that results are kept.")] = None,
) -> None:
    """Create a key, and print it. It is shown this one time."""
    lifetime_s = None if expires is None else duration_s(expires)
    ttl_s = None if ttl is None else ceil(duration_s(ttl))
    with _keys() as (keys, _):
        token = keys.create(name, scope or (), lifetime_s, rate, quota, jobs, most_bytes, ttl_s)
    _show(token, f"the key of {name}")


@app.command()
def rotate(
    name: Name,
    grace: Annotated[
        str, typer.Option(metavar="DURATION", help="How long the old key is accepted beside the new one.")
    ] = "1d",
) -> None:
    """Create the key that replaces the live key of a name, and print it. The old key ends after a while."""
    grace_s = duration_s(grace)
    with _keys() as (keys, _):
        token = keys.rotate(name, grace_s)
    _show(token, f"the new key of {name}")


@app.command()
def revoke(which: Annotated[str, typer.Argument(metavar="ID|NAME", help="A key, or all keys of a name.")]) -> None:
    """End a key at once. The API refuses it within five seconds."""
    with _keys() as (keys, _):
        ended = keys.revoke(which)
    for key in ended:
        typer.echo(f"revoked: {key.id} of {key.name}")


@app.command("list")
def list_command(as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False) -> None:
    """Show all keys, without their secrets."""
    with _keys() as (keys, store):
        listed, used = keys.all(), store.last_uses()
        now = store.now()
    rows = [_row(key, used.get(key.id), now) for key in listed]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
    else:
        Console().print(_table(rows))


@app.command()
def generate() -> None:
    """Print a new key that is in no store: for the setting FACELINE_ACCESS__FIRST_KEY of a deployment."""
    typer.echo(Token.new().reveal())


@contextmanager
def _keys() -> Iterator[tuple[KeyAdministration, KeyStore]]:
    """The keys of the deployment. An error ends the command."""
    settings = load_settings()
    with exit_on_error(Console(stderr=True)), reachable_store(settings, sys.stderr) as client:
        store = KeyStore(client)
        yield KeyAdministration(store, AuditStream(client, settings.access.audit_entries)), store


def _show(token: Token, what: str) -> None:
    """Print a key on standard output, and a remark beside it."""
    typer.echo(f"{what}; keep it now, it is not shown again:", err=True)
    typer.echo(token.reveal())


def _row(key: ApiKey, used_at: int | None, now: float) -> dict[str, Any]:
    state = "live" if key.live(now) else "revoked" if key.revoked_at is not None else "expired"
    return {
        "id": key.id,
        "name": key.name,
        "state": state,
        "scopes": sorted(key.scopes),
        "rate": key.rate,
        "quota": key.quota,
        "jobs": key.jobs,
        "bytes": key.bytes,
        "ttl_s": key.ttl_s,
        "created_at": _moment(key.created_at),
        "expires_at": _moment(key.expires_at),
        "used_at": _moment(used_at),
    }


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table("id", "name", "state", "scopes", "limits", "created", "expires", "used", box=HORIZONTALS)
    for row in rows:
        limits = [row["rate"], row["quota"]]
        limits += [f"{name} {row[name]}" for name in ("jobs", "bytes", "ttl_s") if row[name] is not None]
        cells = [row["id"], row["name"], row["state"], " ".join(row["scopes"]), ", ".join(filter(None, limits)) or None]
        cells += [row["created_at"], row["expires_at"], row["used_at"]]
        table.add_row(*("–" if cell is None else cell for cell in cells))
    return table
