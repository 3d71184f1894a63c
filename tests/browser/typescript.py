"""Checks the types of the console's modules: `python -m tests.browser.typescript`, or `make types-js`.

The compiler and the declarations of types come from npm; nothing of them is needed to run the console.
"""

import subprocess
import sys
from pathlib import Path

from api.console.modules import PAGE_PACKAGES
from clients.js.generate.npm import NpmFailed, install

ROOT = Path(__file__).parents[2]
# `api/console/tsconfig.json` names this folder.
FOLDER = ROOT / "build" / "console-types"
TYPESCRIPT = "typescript@7.0.2"


def install_compiler() -> Path:
    """Install the compiler and the declarations of types, and give the path of the compiler.

    Raises:
        NpmFailed: they cannot be installed.
    """
    packages = [TYPESCRIPT, *(f"{package.source.name}@{package.source.version}" for package in PAGE_PACKAGES)]
    return install(FOLDER, packages) / "tsc"


def check_types(project: Path = ROOT / "api/console/tsconfig.json") -> str:
    """Check the modules of a project, and give what is wrong; empty if nothing is.

    Raises:
        NpmFailed: the compiler cannot be installed.
    """
    command = [str(install_compiler()), "--project", str(project)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    return "" if done.returncode == 0 else done.stdout + done.stderr


if __name__ == "__main__":
    try:
        sys.exit(check_types() or None)
    except NpmFailed as error:
        sys.exit(f"error: {error}")
