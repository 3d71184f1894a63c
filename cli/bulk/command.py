"""`faceline bulk`: runs services on many photos, and writes a table."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

import typer
from rich.console import Console

from cli.bulk.options import (
    BulkOptions,
    ChunkOption,
    ColumnOption,
    DryRunOption,
    FormatOption,
    InFlightOption,
    LimitOption,
    OnErrorOption,
    OutOption,
    PicturesOption,
    PresetOption,
    RedisUrlOption,
    ResumeOption,
    SeedOption,
    ServicesOption,
    ShuffleOption,
    SourceArgument,
    UrlOption,
    chosen_services,
)
from cli.exits import interrupt_on_signals, print_error
from config.errors import FacelineError


class ExitCode(IntEnum):
    """How the command ended, for scripts. Typer itself ends with 2 after a wrong option."""

    DONE = 0
    ERROR = 1
    SOME_FAILED = 3
    INCOMPATIBLE = 4
    INTERRUPTED = 130


def bulk(
    source: SourceArgument,
    out: OutOption,
    services: ServicesOption = None,
    preset: PresetOption = None,
    url: UrlOption = None,
    redis_url: RedisUrlOption = None,
    form: FormatOption = "parquet",
    column: ColumnOption = "path",
    chunk: ChunkOption = 64,
    limit: LimitOption = None,
    shuffle: ShuffleOption = False,
    seed: SeedOption = 0,
    max_in_flight: InFlightOption = None,
    on_error: OnErrorOption = "fail",
    resume: ResumeOption = True,
    pictures: PicturesOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Run services on many photos, and write a table; continues an interrupted run.

    Without --url or --redis-url it starts a stack of its own, and stops it at the end.

    Exit codes: 0 all photos succeeded, 1 an error, 3 some photos failed (errors.jsonl says why), 4 the folder holds
    another run, 130 interrupted.
    """
    options = BulkOptions(
        source=source,
        out=out,
        services=chosen_services(services, preset),
        url=url,
        redis_url=redis_url,
        form=form,
        column=column,
        chunk=chunk,
        limit=limit,
        seed=seed if shuffle else None,
        max_in_flight=max_in_flight,
        on_error=on_error,
        resume=resume,
        pictures=pictures,
    )
    console = Console(stderr=True)
    with _exit_codes(console):
        # Here, since it needs packages of the extra `bulk`, which may not be installed.
        from cli.bulk.run import dry_run as estimate
        from cli.bulk.run import run

        if dry_run:
            estimate(options, console)
            return
        failed = run(options, console)
        raise typer.Exit(ExitCode.SOME_FAILED if failed else ExitCode.DONE)


@contextmanager
def _exit_codes(console: Console) -> Iterator[None]:
    """Prints errors, and turns them into exit codes."""
    interrupt_on_signals()
    try:
        yield
    except KeyboardInterrupt:
        console.print("interrupted; run the same command again to continue")
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    except ModuleNotFoundError as error:
        extra = "cpu" if error.name == "onnxruntime" else "bulk"
        print_error(console, f"{error.name} is missing: run `pip install 'faceline[{extra}]'`")
        raise typer.Exit(ExitCode.ERROR) from error
    except (FacelineError, OSError) as error:
        print_error(console, str(error))
        incompatible = isinstance(error, FacelineError) and error.type == "incompatible_run"
        raise typer.Exit(ExitCode.INCOMPATIBLE if incompatible else ExitCode.ERROR) from error
