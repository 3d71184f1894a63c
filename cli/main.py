"""The command `faceline`. The module of a command is imported when the command is called, so `--help` needs none."""

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperGroup
from typer.main import get_command


class Command(NamedTuple):
    """A command that is not imported yet.

    Attributes:
        target: its function, or the `typer.Typer` of its subcommands, as "module:name".
        summary: the first sentence of its help.
    """

    target: str
    summary: str

    def load(self, name: str) -> Any:
        """Import the command, and give it as Typer runs it."""
        module, _, attribute = self.target.partition(":")
        target = getattr(import_module(module), attribute)
        if isinstance(target, typer.Typer):
            return get_command(target)
        single = typer.Typer(add_completion=False)
        single.command(name)(target)
        return get_command(single)


COMMANDS: Mapping[str, Command] = {
    "up": Command("cli.up:up", "Run the API, workers for all services and a Redis-compatible server until Ctrl-C."),
    "demo": Command(
        "cli.demo:demo",
        "Pull the weights, send a photo through four services on an embedded stack, and show the answer.",
    ),
    "analyze": Command(
        "cli.client.analyze:analyze", "Find the faces or bodies on photos, and show what services say of them."
    ),
    "verify": Command("cli.client.verify:verify", "Compare the largest faces of two photos."),
    "jobs": Command("cli.client.jobs:app", "Show, wait for, cancel, retry and erase jobs."),
    "batches": Command("cli.client.batches:app", "Show, wait for, fetch, cancel and erase batches."),
    "services": Command("cli.client.services:services", "Show the services and presets of a deployment."),
    "bulk": Command(
        "cli.bulk.command:bulk", "Run services on many photos, and write a table; continues an interrupted run."
    ),
    "keys": Command("cli.keys:app", "Create and end API keys."),
    "webhooks": Command("cli.webhooks:app", "Create and end the secrets that sign webhooks."),
    "audit": Command("cli.audit:audit", "Show what callers did: who, what, which job, when and from where."),
    "settings": Command(
        "cli.settings:settings",
        "Show every setting, its value here and where that is from; fails if one is misspelt or out of bounds.",
    ),
    "migrate": Command("cli.migrate.command:app", "Find out whether programs for another API can use Faceline."),
    "doctor": Command(
        "cli.doctor.command:doctor", "Check this machine, the weights and the servers, and say what to do."
    ),
    "weights": Command("cli.weights:app", "Fetch and list the models that Faceline runs."),
    "bench": Command("bench.commands:app", "Measure speed and recognition quality."),
}


class LazyGroup(TyperGroup):
    """Shows commands by their summary, and imports only the command that is called."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command; an error of Faceline that it raises, or that its import raises, is printed on one line."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            from config.errors import FacelineError

            if not isinstance(error, FacelineError):
                raise
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(1) from error

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command of some arguments, imported; a wrong name is an error as in every Typer app."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, COMMANDS[name].load(name) if name else command, rest


def _imported_later() -> None:
    """Registered for each command until `LazyGroup` imports it."""


app = typer.Typer(
    name="faceline",
    help="A self-hosted image API for faces and bodies.",
    cls=LazyGroup,
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"faceline {version('faceline')}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Add the options that come before a command."""


for _name, _command in COMMANDS.items():
    app.command(_name, help=_command.summary)(_imported_later)

if __name__ == "__main__":
    app()
