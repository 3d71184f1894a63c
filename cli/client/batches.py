"""`faceline batches`: the batches of a deployment."""

import json
import sys
from itertools import islice
from typing import Annotated

import typer
from rich.console import Console

from cli.client.connection import AsJson, ExitCode, Url, exit_codes, running_deployment
from cli.client.tables import batches_table
from faceline_client import Batch, to_json
from faceline_client.requests import TableForm

app = typer.Typer(
    help="Show, wait for, fetch, cancel and erase batches.\n\nExit codes: 0 done; 1 error; 2 wrong arguments; "
    "3 some photos failed; 5 it is not over; 130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
)

BatchId = Annotated[str, typer.Argument(metavar="ID", help="The id of a batch.")]


@app.command("list")
def list_command(
    limit: Annotated[int, typer.Option(min=1, help="At most so many batches.")] = 20,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Show the latest batches."""
    with exit_codes(Console(stderr=True)), running_deployment(url) as client:
        batches = list(islice(client.batches(page_size=min(limit, 100)), limit))
    if as_json:
        typer.echo(json.dumps(to_json(batches), indent=2))
    elif batches:
        Console().print(batches_table(batches))
    else:
        typer.echo("no batches")


@app.command()
def show(batch: BatchId, as_json: AsJson = False, url: Url = None) -> None:
    """Show a batch."""
    with exit_codes(Console(stderr=True)), running_deployment(url) as client:
        _show(client.get_batch(batch), as_json)


@app.command()
def wait(
    batch: BatchId,
    timeout: Annotated[float, typer.Option(min=0, help="How many seconds.")] = 3600,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Wait until a batch has ended, and show it."""
    with exit_codes(Console(stderr=True)), running_deployment(url) as client:
        ended = client.wait_batch(batch, timeout)
        _show(ended, as_json)
        if ended.status != "completed" or ended.counts.failed:
            raise typer.Exit(ExitCode.FAILED)


@app.command()
def results(
    batch: BatchId,
    errors: Annotated[bool, typer.Option("--errors", help="The photos that failed instead.")] = False,
    form: Annotated[TableForm, typer.Option("--format", help="How the rows are written.")] = "jsonl",
    url: Url = None,
) -> None:
    """Write the results of a batch, or its errors, to standard output."""
    with exit_codes(Console(stderr=True)), running_deployment(url) as client:
        download = client.download_errors if errors else client.download_results
        sys.stdout.buffer.write(download(batch, form))


@app.command()
def cancel(batch: BatchId, url: Url = None) -> None:
    """End a batch. The results that are there stay."""
    with exit_codes(Console(stderr=True)), running_deployment(url) as client:
        typer.echo(f"{batch} is {client.cancel_batch(batch).status}")


@app.command()
def erase(
    batches: Annotated[list[str], typer.Argument(metavar="ID", help="The ids of batches.")],
    url: Url = None,
) -> None:
    """End batches and erase all that belongs to them."""
    with exit_codes(Console(stderr=True)), running_deployment(url) as client:
        for batch in batches:
            client.erase_batch(batch)
            typer.echo(f"{batch} is erased")


def _show(batch: Batch, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(to_json(batch), indent=2))
    else:
        Console().print(batches_table([batch]))
