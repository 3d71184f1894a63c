"""`faceline analyze`: what is on some photos."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from rich.console import Console

from cli.client.connection import AsJson, ExitCode, Url, any_deployment, exit_codes
from cli.client.tables import objects_table
from cli.client.work import Names, PresetOption, ServicesOption
from cli.exits import print_error
from faceline_client import Client, InvalidRequest, JobFailed, Sample, Work, to_json

WAIT_S = 120.0

Photos = Annotated[list[Path], typer.Argument(metavar="PHOTO", help="Photos: jpg, png, bmp or webp.")]
MaxFaces = Annotated[int | None, typer.Option(min=1, help="Keep so many faces of a photo: the largest ones.")]
Pictures = Annotated[
    Path | None,
    typer.Option("--picture", file_okay=False, metavar="FOLDER", help="Write the photos there, with what was found."),
]


class Refused(NamedTuple):
    """Why a photo has no sample."""

    type: str
    detail: str


def analyze(
    photos: Photos,
    services: ServicesOption = None,
    preset: PresetOption = None,
    max_faces: MaxFaces = None,
    as_json: AsJson = False,
    picture: Pictures = None,
    url: Url = None,
) -> None:
    """Find the faces or bodies on photos, and show what services say of them.

    With --json, each line has the name of a photo and its enriched sample, or its error. Without a deployment, a stack
    is started for the command alone. For many photos, `faceline bulk` is faster.

    Exit codes: 0 done; 1 error; 2 wrong arguments; 3 some photos failed; 5 a photo took too long; 130 interrupted.
    """
    console, errors = Console(), Console(stderr=True)
    failed = False
    with exit_codes(errors):
        # A misspelt name is an error before a stack starts for it.
        here = Names.here().chosen(services, preset) if url is None else None
    with exit_codes(errors), any_deployment(url, errors) as client:
        work = here or Names.of(client).chosen(services, preset)
        if max_faces is not None:
            work["max_faces"] = max_faces
        if picture is not None:
            picture.mkdir(parents=True, exist_ok=True)
        for photo, answer in _answers(client, photos, work, picture):
            failed = failed or isinstance(answer, Refused)
            if as_json:
                shown = {"error": answer._asdict()} if isinstance(answer, Refused) else {"result": to_json(answer)}
                typer.echo(json.dumps({"photo": str(photo), **shown}))
            elif isinstance(answer, Refused):
                print_error(errors, f"{photo}: {answer.detail}")
            else:
                console.print(f"{photo}: {_counted(answer)}", highlight=False, soft_wrap=True, markup=False)
                if answer.objects:
                    console.print(objects_table(answer))
    if failed:
        raise typer.Exit(ExitCode.FAILED)


def _answers(
    client: Client, photos: list[Path], work: Work, folder: Path | None
) -> Iterator[tuple[Path, Sample | Refused]]:
    """The sample of each photo, or why it has none."""
    for photo in photos:
        try:
            if folder is None:
                yield photo, client.analyse(photo, wait=WAIT_S, **work)
                continue
            job = client.submit(photo, include_image=True, **work)
            sample = client.result(job, timeout_s=WAIT_S)
            (folder / f"{photo.stem}.jpg").write_bytes(client.picture(job))
            yield photo, sample
        except JobFailed as error:
            yield photo, Refused(error.type, str(error))
        except InvalidRequest as error:
            yield photo, Refused(error.type, error.detail)
        except IsADirectoryError:
            yield (
                photo,
                Refused("unreadable", "it is a folder: name photos, or use `faceline bulk` for all of a folder"),
            )
        except OSError as error:
            yield photo, Refused("unreadable", error.strerror or str(error))


def _counted(sample: Sample) -> str:
    """How many faces and bodies there are."""
    if not sample.objects:
        return "nothing found"
    kinds = [found.object_class or "face" for found in sample.objects]
    plurals = {"face": "faces", "body": "bodies"}
    counts = {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}
    return ", ".join(f"{count} {kind if count == 1 else plurals[kind]}" for kind, count in counts.items())
