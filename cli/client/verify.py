"""`faceline verify`: whether two photos show one person."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.client.connection import AsJson, ExitCode, Url, any_deployment, exit_codes
from cli.exits import print_error
from faceline_client import InvalidRequest, VerifyOptions, to_json
from faceline_client.requests import OperatingPointName

PhotoArgument = Annotated[Path, typer.Argument(dir_okay=False, help="A photo: jpg, png, bmp or webp.")]


def verify(
    a: PhotoArgument,
    b: PhotoArgument,
    operating_point: Annotated[
        OperatingPointName, typer.Option(help="The purpose whose threshold decides.")
    ] = "identity",
    single: Annotated[bool, typer.Option("--single", help="Refuse photos with several faces.")] = False,
    min_quality: Annotated[
        int | None, typer.Option(min=0, max=100, help="Refuse photos with a lower total score of quality.")
    ] = None,
    require_live: Annotated[bool, typer.Option("--require-live", help="Refuse photos of photos and screens.")] = False,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Compare the largest faces of two photos.

    Nothing is kept.

    Exit codes: 0 the faces match; 1 error; 2 wrong arguments; 3 a photo cannot be compared; 4 the faces do not match;
    130 interrupted.
    """
    console, errors = Console(), Console(stderr=True)
    options = VerifyOptions(operating_point=operating_point, require_live=require_live)
    if single:
        options["faces"] = "single"
    if min_quality is not None:
        options["min_quality"] = min_quality
    with exit_codes(errors), any_deployment(url, errors) as client:
        try:
            answer = client.verify(a, b, **options)
        except InvalidRequest as error:
            print_error(errors, error.detail)
            raise typer.Exit(ExitCode.FAILED) from error
    point = answer.operating_point
    if as_json:
        typer.echo(json.dumps(to_json(answer)))
    else:
        verdict = "[bold green]the same person[/]" if answer.match else "[bold red]different people[/]"
        limit = f"{'at most' if answer.match else 'more than'} {point.max_distance}"
        console.print(f"{verdict}: the distance is {answer.distance}, {limit} ({point.name})", highlight=False)
        console.print(
            f"This threshold accepts {point.fa_r:.3%} of strangers and {point.look_alike_rate:.1%} of look-alikes.",
            highlight=False,
        )
    if not answer.match:
        raise typer.Exit(ExitCode.NO_MATCH)
