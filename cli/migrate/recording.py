"""Recorded requests of another API, and what it answered: one JSON file for each.

docs/migration/index.md describes the format.
"""

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from config.errors import FacelineError


class UnreadableRecording(FacelineError):
    """A file is no recording."""

    type = "unreadable_recording"


def _without_address(path: str) -> str:
    if not path.startswith("/"):
        raise ValueError("it begins with `/`: leave out the address of the API")
    return path


class RecordedRequest(BaseModel):
    """A request as it was sent.

    Attributes:
        path: from the address of the API on, such as `/age-estimator/v2/process/sample`.
        body: JSON; None if there is none.
        form: the fields of a form instead; `@photo.jpg` is the content of a file beside the recording.
    """

    model_config = ConfigDict(extra="forbid")

    method: Annotated[str, StringConstraints(to_upper=True, pattern="^[A-Za-z]+$")] = "POST"
    path: Annotated[str, AfterValidator(_without_address)]
    body: Any = None
    form: dict[str, str] | None = None


class RecordedResponse(BaseModel):
    """What the other API answered."""

    model_config = ConfigDict(extra="forbid")

    status: int = 200
    body: Any = None


class Recording(BaseModel):
    """A request and its response."""

    model_config = ConfigDict(extra="forbid")

    request: RecordedRequest
    response: RecordedResponse = Field(default_factory=RecordedResponse)


def recordings(folder: Path) -> list[Path]:
    """All files with recordings, in the order of their names.

    Raises:
        UnreadableRecording: there is none.
    """
    found = sorted(folder.rglob("*.json"))
    if not found:
        raise UnreadableRecording(f"{folder} has no files that end in .json")
    return found


def read_recording(file: Path) -> Recording:
    """A recording.

    Raises:
        UnreadableRecording: it is no JSON, or has other keys.
    """
    try:
        return Recording.model_validate(json.loads(file.read_bytes()))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise UnreadableRecording(f"{file}: {where}: {first['msg'].removeprefix('Value error, ')}") from error
    except ValueError as error:
        raise UnreadableRecording(f"{file} is no JSON: {error}") from error


def request_parts(request: RecordedRequest, folder: Path) -> dict[str, Any]:
    """The body of a request as httpx takes it.

    Raises:
        UnreadableRecording: a file of the form is not there.
    """
    if request.form is None:
        return {} if request.body is None else {"json": request.body}
    files = {name: folder / value[1:] for name, value in request.form.items() if value.startswith("@")}
    for file in files.values():
        if not file.is_file():
            raise UnreadableRecording(f"the form names {file}, which does not exist")
    return {
        "data": {name: value for name, value in request.form.items() if name not in files},
        "files": {name: (file.name, file.read_bytes()) for name, file in files.items()},
    }
