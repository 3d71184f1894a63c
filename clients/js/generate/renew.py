"""Renews what is generated for the JavaScript client, and the console's copy of it: `make client-js`."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from clients.js.generate.npm import NpmFailed, install

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "clients" / "js"
SOURCE = PACKAGE / "faceline.js"
CONSOLE_COPY = ROOT / "api" / "console" / "static" / "lib" / "faceline.js"
DOCUMENT = ROOT / "docs" / "openapi.json"
FOLDER = ROOT / "build" / "client-js"
# openapi-typescript needs the API of a compiler of version 5.
PACKAGES = ("openapi-typescript@7.13.0", "typescript@5.9.3")


class GeneratorFailed(Exception):
    """A generator refuses its input."""


def generated() -> Mapping[Path, str]:
    """The text of each generated file; nothing is written outside of the folder of the build.

    Raises:
        NpmFailed: the generators cannot be installed.
        GeneratorFailed: the document or the client is not valid for them.
    """
    commands = install(FOLDER, PACKAGES)
    document = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    # The shapes alone: the types of all routes would be 8 times as large, and the client does not use them.
    shapes = {**document, "paths": {}, "webhooks": {}}
    (FOLDER / "schema.json").write_text(json.dumps(shapes), encoding="utf-8")
    _run(commands / "openapi-typescript", "schema.json", "--default-non-nullable=false", "--output", "schema.d.ts")
    for file in (SOURCE, PACKAGE / "tsconfig.json"):
        shutil.copy(file, FOLDER)
    _run(commands / "tsc", "--project", ".", "--outDir", "types")
    return {
        PACKAGE / "schema.d.ts": (FOLDER / "schema.d.ts").read_text(encoding="utf-8"),
        PACKAGE / "faceline.d.ts": (FOLDER / "types" / "faceline.d.ts").read_text(encoding="utf-8"),
    }


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=FOLDER)
    if done.returncode != 0:
        raise GeneratorFailed(done.stdout + done.stderr)


if __name__ == "__main__":
    try:
        for path, text in generated().items():
            path.write_text(text, encoding="utf-8")
    except (NpmFailed, GeneratorFailed) as error:
        sys.exit(f"error: {error}")
    shutil.copy(SOURCE, CONSOLE_COPY)
