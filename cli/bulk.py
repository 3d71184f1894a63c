"""`faceline bulk`: many photos through services, into a table."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from types import FrameType
from typing import Annotated, Literal, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from config.errors import FacelineError
from jobs.job import OnError
from jobs.reference import without_login
from pipelines.presets import PRESETS


class Exit(IntEnum):
    """What a script is told; 2 is a command that makes no sense."""

    DONE = 0
    ERROR = 1
    SOME_FAILED = 3
    INCOMPATIBLE = 4
    INTERRUPTED = 130


Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="A folder, a pattern, a tar or shards (s-{000..099}.tar), a manifest (csv, jsonl, parquet), or a URL.",
    ),
]
Out = Annotated[Path, typer.Option(file_okay=False, help="The folder of the results; one per run.")]
Services = Annotated[str | None, typer.Option(help="Names of services, in order, with commas between them.")]
Preset = Annotated[str | None, typer.Option(help=f"Instead of services, one of: {', '.join(PRESETS)}.")]
Url = Annotated[str | None, typer.Option(help="The API of a deployment that is to do the work.")]
RedisUrl = Annotated[
    str | None, typer.Option(envvar="FACELINE_REDIS_URL", help="The store of a deployment that is to do the work.")
]
Format = Annotated[
    Literal["parquet", "jsonl"], typer.Option("--format", help="A row per object, or a sample per line.")
]
Column = Annotated[str, typer.Option(help="Of a manifest, that holds the paths.")]
Chunk = Annotated[int, typer.Option(min=1, max=256, help="Photos that travel together and make a part.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Stop after so many photos.")]
Shuffle = Annotated[bool, typer.Option("--shuffle", help="In an order that depends on --seed alone.")]
Seed = Annotated[int, typer.Option(help="Of --shuffle.")]
InFlight = Annotated[int | None, typer.Option(min=1, help="Chunks under way; if not said, by the number of workers.")]
ErrorPolicy = Annotated[OnError, typer.Option(help="A photo fails with its first service, or keeps what it has.")]
Resume = Annotated[bool, typer.Option(help="Go on where an earlier run ended; otherwise replace it.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Count, look at the first photos, estimate; run nothing.")]


def bulk(
    source: Source,
    out: Out,
    services: Services = None,
    preset: Preset = None,
    url: Url = None,
    redis_url: RedisUrl = None,
    form: Format = "parquet",
    column: Column = "path",
    chunk: Chunk = 64,
    limit: Limit = None,
    shuffle: Shuffle = False,
    seed: Seed = 0,
    max_in_flight: InFlight = None,
    on_error: ErrorPolicy = "fail",
    resume: Resume = True,
    dry_run: DryRun = False,
) -> None:
    """Run services on many photos and write a table; started again, it goes on where it ended.

    Without a deployment it starts one of its own for as long as it runs.

    Ends with 0 if all went well, 1 on an error, 3 if some photos failed (errors.jsonl says why), 4 if the folder holds
    another run, 130 if interrupted.
    """
    console = Console(stderr=True)
    asked = _asked(services, preset)
    with _exit_codes(console):
        # An extra: other commands run without it.
        from bulk.perform import Order, Request
        from bulk.sources import open_source
        from cli.bulk_run import Deployment, rehearse, run

        opened = open_source(source, column)
        request = Request(
            source=opened,
            name=without_login(source) if "://" in source else str(Path(source).absolute()),
            column=column,
            order=Order(seed if shuffle else None, limit, chunk),
            form=form,
            resume=resume,
        )
        where = Deployment(url, redis_url)
        if dry_run:
            rehearse(request, out, where, asked, on_error, console)
            return
        failed = run(request, out, where, asked, on_error, max_in_flight, console)
        raise typer.Exit(Exit.SOME_FAILED if failed else Exit.DONE)


def _asked(services: str | None, preset: str | None) -> tuple[str, ...]:
    if (services is None) == (preset is None):
        raise typer.BadParameter("say --services or --preset")
    if preset is not None and preset not in PRESETS:
        raise typer.BadParameter(f"there is no preset {preset}; there are: {', '.join(PRESETS)}")
    if preset is not None:
        return PRESETS[preset]
    return tuple(name.strip() for name in (services or "").split(","))


@contextmanager
def _exit_codes(console: Console) -> Iterator[None]:
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    except KeyboardInterrupt:
        console.print("interrupted; the same command goes on from here")
        raise typer.Exit(Exit.INTERRUPTED) from None
    except ModuleNotFoundError as error:
        console.print(f"[bold red]error:[/] {error.name} is missing: pip install 'faceline\\[bulk]'", highlight=False)
        raise typer.Exit(Exit.ERROR) from error
    except (FacelineError, OSError) as error:
        console.print(f"[bold red]error:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        incompatible = isinstance(error, FacelineError) and error.type == "incompatible_run"
        raise typer.Exit(Exit.INCOMPATIBLE if incompatible else Exit.ERROR) from error


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
