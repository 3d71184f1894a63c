"""`faceline webhooks`: creates, rotates and revokes the secrets that sign the messages of webhooks."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console

from access.audit import AuditStream
from access.webhook_secrets import WebhookSecrets, new_secret
from cli.durations import duration_s
from cli.exits import exit_on_error
from config.settings import load_settings
from embedded.store import reachable_store
from jobs.redis.encryption import Encryption

app = typer.Typer(help="Create and end the secrets that sign webhooks.", no_args_is_help=True, add_completion=False)

Name = Annotated[str, typer.Argument(help="The name of an API key: the secret signs what is sent about its jobs.")]


@app.command()
def create(name: Name) -> None:
    """Create the secret of a name, and print it. It is shown this one time."""
    with _secrets() as secrets:
        text = secrets.create(name)
    _show(text, f"the secret of {name}")


@app.command()
def rotate(
    name: Name,
    grace: Annotated[
        str, typer.Option(metavar="DURATION", help="How long the old secret signs beside the new one.")
    ] = "1d",
) -> None:
    """Create the secret that replaces the one of a name, and print it. Until the old one ends, both sign."""
    grace_s = duration_s(grace)
    with _secrets() as secrets:
        text = secrets.rotate(name, grace_s)
    _show(text, f"the new secret of {name}")


@app.command()
def revoke(name: Name) -> None:
    """Delete the secrets of a name. Nothing is sent about its jobs until it has a new one."""
    with _secrets() as secrets:
        secrets.revoke(name)
    typer.echo(f"revoked: the secrets of {name}")


@app.command()
def generate() -> None:
    """Print a new secret that is in no store: for the setting FACELINE_WEBHOOKS__SECRET."""
    typer.echo(new_secret())


@contextmanager
def _secrets() -> Iterator[WebhookSecrets]:
    """The secrets of the deployment. An error ends the command."""
    settings = load_settings()
    with exit_on_error(Console(stderr=True)), reachable_store(settings, sys.stderr) as client:
        audit = AuditStream(client, settings.access.audit_entries)
        yield WebhookSecrets(client, Encryption.of(settings.secrets), audit=audit)


def _show(text: str, what: str) -> None:
    """Print a secret on standard output, and a remark beside it."""
    typer.echo(f"{what}; give it to the receiver now, it is not shown again:", err=True)
    typer.echo(text)
