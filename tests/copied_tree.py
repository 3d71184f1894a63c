"""A copy of the repository to which a test adds services, and the processes that run the copy."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from shutil import copy2

ROOT = Path(__file__).parents[1]


def copy_tree(folder: Path, services: Mapping[str, str]) -> Path:
    """Copy the repository, and add files to `models/services/`: their texts by name."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            copy2(ROOT / name, folder / name)
    for name, text in services.items():
        (folder / "models" / "services" / name).write_text(text)
    return folder


def environment_of(tree: Path) -> dict[str, str]:
    """The environment of processes that import the copy, and not the installed packages."""
    return {**os.environ, "PYTHONPATH": str(tree)}


def run_python(tree: Path, code: str) -> "subprocess.CompletedProcess[str]":
    """Run code on the copy."""
    return subprocess.run(
        [sys.executable, "-P", "-W", "error", "-c", code],
        cwd=tree.parent,
        env=environment_of(tree),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
