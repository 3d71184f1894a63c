"""`faceline`: all commands."""

from importlib import import_module

import typer

from cli import bulk, demo, settings, up, weights

app = typer.Typer(
    name="faceline",
    help="A self-hosted image API for faces and bodies.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.command()(up.up)
app.command()(demo.demo)
app.command()(bulk.bulk)
app.command()(settings.settings)
app.add_typer(weights.app, name="weights")
# By name: bench is the layer above.
app.add_typer(import_module("bench.commands").app, name="bench")

if __name__ == "__main__":
    app()
