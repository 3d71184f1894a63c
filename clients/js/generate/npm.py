"""Installs pinned npm packages into a folder of the build."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path


class NpmFailed(Exception):
    """Packages cannot be installed: npm is missing, or does not reach its registry."""


def install(folder: Path, packages: Sequence[str]) -> Path:
    """Install packages, and give the folder of their commands.

    Args:
        folder: gets the packages; it is made if it is missing.
        packages: with their versions, such as `typescript@7.0.2`.

    Raises:
        NpmFailed: they cannot be installed.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise NpmFailed("npm is not on the PATH")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text('{"private": true}\n')
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--silent", "--prefer-offline", "--save-exact"]
    done = subprocess.run(
        [npm, "install", *options, *packages], capture_output=True, text=True, check=False, cwd=folder
    )
    if done.returncode != 0:
        raise NpmFailed(f"npm cannot install {', '.join(packages)}: {done.stderr.strip() or 'no reason given'}")
    return folder / "node_modules" / ".bin"
