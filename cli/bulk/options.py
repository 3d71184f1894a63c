"""The options of `faceline bulk`: as the command line declares them, and as one value."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.exits import suggestion
from jobs.job import OnError
from pipelines.presets import PRESETS

SourceArgument = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="A folder, a pattern, a tar or shards (s-{000..099}.tar), a manifest (csv, jsonl, parquet), or a URL.",
    ),
]
OutOption = Annotated[Path, typer.Option(file_okay=False, help="The folder for the results; one per run.")]
ServicesOption = Annotated[str | None, typer.Option(help="Names of services, in order, with commas between them.")]
PresetOption = Annotated[str | None, typer.Option(help=f"Instead of --services, one of: {', '.join(PRESETS)}.")]
UrlOption = Annotated[
    str | None, typer.Option(envvar="FACELINE_URL", help="The API of a deployment that does the work.")
]
RedisUrlOption = Annotated[
    str | None, typer.Option(envvar="FACELINE_REDIS_URL", help="The store of a deployment that does the work.")
]
FormatOption = Annotated[
    Literal["parquet", "csv", "jsonl"],
    typer.Option("--format", help="A row per object (parquet, csv), or a sample per line (jsonl)."),
]
ColumnOption = Annotated[str, typer.Option(help="The column of a manifest that has the paths.")]
ChunkOption = Annotated[int, typer.Option(min=1, max=256, help="Photos that travel together and make a part file.")]
LimitOption = Annotated[int | None, typer.Option(min=1, help="Stop after so many photos.")]
ShuffleOption = Annotated[bool, typer.Option("--shuffle", help="Use an order that depends on --seed alone.")]
SeedOption = Annotated[int, typer.Option(help="The seed of --shuffle.")]
InFlightOption = Annotated[
    int | None,
    typer.Option(min=1, help="Chunks in flight at a time.", show_default="by the number of workers"),
]
OnErrorOption = Annotated[
    OnError, typer.Option(help="fail: a photo fails with its first service; continue: it keeps its other results.")
]
ResumeOption = Annotated[bool, typer.Option(help="Continue an earlier run in the folder, or replace its results.")]
PicturesOption = Annotated[
    Path | None, typer.Option(file_okay=False, help="A folder for the photos with what was found drawn on them.")
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Count the photos, check some of them, estimate the time; write nothing.")
]


@dataclass(frozen=True, slots=True)
class BulkOptions:
    """What the user asks of `faceline bulk`.

    Attributes:
        services: by name, in order.
        url: the API of the deployment that does the work.
        redis_url: the store of that deployment. Without either URL an embedded stack does the work.
        seed: of the shuffle; None keeps the order of the source.
        max_in_flight: None leaves it to the executor.
        pictures: the folder of the annotated photos; None draws none.
    """

    source: str
    out: Path
    services: tuple[str, ...]
    url: str | None
    redis_url: str | None
    form: Literal["parquet", "csv", "jsonl"]
    column: str
    chunk: int
    limit: int | None
    seed: int | None
    max_in_flight: int | None
    on_error: OnError
    resume: bool
    pictures: Path | None


def chosen_services(services: str | None, preset: str | None) -> tuple[str, ...]:
    """The services of `--services` or `--preset`.

    Raises:
        BadParameter: both are given, or none, or there is no such preset.
    """
    if (services is None) == (preset is None):
        raise typer.BadParameter("give either --services or --preset")
    if preset is None:
        return tuple(name.strip() for name in (services or "").split(","))
    if preset in PRESETS:
        return PRESETS[preset]
    raise typer.BadParameter(f"there is no preset {preset}; {suggestion(preset, PRESETS)}")
