"""Files that projects publish outside of registries, fetched over HTTPS."""

from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

from models.weights.errors import FetchFailed
from models.weights.packages import Arrived
from models.weights.source import ReleasedFile

_TIMEOUT_S = 30.0
_CHUNK = 1 << 16


def download(file: ReleasedFile, path: Path, arrived: Arrived) -> Path:
    """Fetch a file; through the proxy, if the environment names one.

    Raises:
        FetchFailed: it does not come.
    """
    try:
        with urlopen(file.url, timeout=_TIMEOUT_S) as answer, path.open("wb") as target:
            while chunk := answer.read(_CHUNK):
                target.write(chunk)
                arrived(target.tell())
    except (OSError, HTTPException) as error:
        raise FetchFailed(
            f"{file.url} could not be fetched ({error}): run the command again, or bring the file here by other means "
            "and name the folder that it lies in with `--from FOLDER`"
        ) from error
    return path
