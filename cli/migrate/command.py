"""`faceline migrate check`: sends recorded requests of another API, and compares the shape of the answers."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console

from cli.client.connection import NoDeployment, Url
from cli.exits import print_error
from cli.migrate.recording import RecordedResponse, UnreadableRecording, read_recording, recordings, request_parts
from cli.migrate.shape import Difference, differences
from config.settings import load_settings
from embedded.store import running_url

TIMEOUT_S = 90.0
DIFFERENT = 1
NOT_CHECKED = 2
_NOT_JSON = object()

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Find out whether programs for another API can use Faceline."
)


@dataclass(frozen=True, slots=True)
class Checked:
    """A recording that was sent.

    Attributes:
        name: of its file.
        request: its method and path.
        error: why the deployment refused it; None if it did not.
    """

    name: str
    request: str
    found: tuple[Difference, ...]
    error: str | None

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        found = [{"path": one.path, "kind": one.kind, "detail": one.detail} for one in self.found]
        return {"file": self.name, "request": self.request, "differences": found, "error": self.error}


@app.callback()
def _group() -> None:
    """Keep `check` a command of its own."""


@app.command()
def check(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="The folder of the recordings.")],
    url: Url = None,
    ignore_extra: Annotated[bool, typer.Option(help="Do not report keys that only Faceline has.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, a recording a line.")] = False,
) -> None:
    """Send recorded requests to a deployment, and report where its answers have another shape.

    Values are not compared: only keys, types and statuses. The exit code is 1 if there is a difference, and 2 if a
    recording cannot be read or sent.
    """
    settings = load_settings()
    address = url or running_url(settings)
    headers = {"Authorization": f"Bearer {settings.key.get_secret_value()}"} if settings.key else {}
    checked: list[Checked] = []
    try:
        if address is None:
            raise NoDeployment
        with httpx.Client(base_url=address, headers=headers, timeout=TIMEOUT_S) as client:
            for one in _check_all(folder, client, ignore_extra=ignore_extra):
                typer.echo(json.dumps(one.as_json()) if as_json else _as_text(one))
                checked.append(one)
    except (UnreadableRecording, NoDeployment, httpx.HTTPError, httpx.InvalidURL) as error:
        print_error(Console(stderr=True), f"{address}: {error}" if isinstance(error, httpx.HTTPError) else str(error))
        raise typer.Exit(NOT_CHECKED) from error
    different = sum(bool(one.found) for one in checked)
    counted = "1 recording" if len(checked) == 1 else f"{len(checked)} recordings"
    typer.echo(f"{counted}, {different} with another shape", err=as_json)
    if different:
        raise typer.Exit(DIFFERENT)


def _check_all(folder: Path, client: httpx.Client, *, ignore_extra: bool) -> Iterator[Checked]:
    for file in recordings(folder):
        recording = read_recording(file)
        request = recording.request
        answer = client.request(request.method, request.path, **request_parts(request, file.parent))
        found = [one for one in _compared(recording.response, answer) if not (ignore_extra and one.kind == "extra")]
        error = _refusal(_json_of(answer))
        yield Checked(str(file.relative_to(folder)), f"{request.method} {request.path}", tuple(found), error)


def _compared(recorded: RecordedResponse, answer: httpx.Response) -> list[Difference]:
    if recorded.status != answer.status_code:
        return [Difference("status", "other value", f"{answer.status_code} instead of {recorded.status}")]
    new = _json_of(answer)
    if new is _NOT_JSON:
        return [] if recorded.body is None else [Difference("the whole answer", "other type", "no JSON")]
    return [] if recorded.body is None else differences(recorded.body, new)


def _json_of(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return _NOT_JSON


def _refusal(body: Any) -> str | None:
    """Why the deployment refused a request; None if it did not. `/faceapi/v1` says so with the status 200."""
    if not isinstance(body, dict):
        return None
    refused = body.get("message") if body.get("result") == "Err" else body.get("type")
    return refused if isinstance(refused, str) else None


def _as_text(checked: Checked) -> str:
    word = "different" if checked.found else "same shape"
    lines = [f"{word:10}  {checked.name}  {checked.request}"]
    lines += [f"            {one}" for one in checked.found]
    if checked.found and checked.error:
        lines.append(f"            the deployment refused it: {checked.error}")
    return "\n".join(lines)
