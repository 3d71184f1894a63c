"""`faceline`: all commands."""

import typer

from cli import bench, bulk, demo, settings, up, weights

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
app.add_typer(bench.app, name="bench")

if __name__ == "__main__":
    app()
