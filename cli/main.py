"""The command `faceline`. The module of a command is imported when the command is called, so `--help` needs none."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

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
    "bulk": Command(
        "cli.bulk.command:bulk", "Run services on many photos, and write a table; continues an interrupted run."
    ),
    "settings": Command("cli.settings:settings", "Print every setting, its default and what it does."),
    "weights": Command("cli.weights:app", "Fetch and list the models that Faceline runs."),
    "bench": Command("bench.commands:app", "Measure speed and recognition quality."),
}


class LazyGroup(TyperGroup):
    """Shows commands by their summary, and imports only the command that is called."""

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
for _name, _command in COMMANDS.items():
    app.command(_name, help=_command.summary)(_imported_later)

if __name__ == "__main__":
    app()
