"""Prints the section of a version in CHANGELOG.md: `python .github/release_notes.py 0.1.0`.

The exit code is 1 if the version of the project is another one, or if the section is missing or still `unreleased`.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def notes(changelog: str, version: str) -> str:
    """The text below the heading of a version, which is `## 0.1.0` or `## 0.1.0, 2026-12-01`.

    Raises:
        LookupError: there is no such heading, or it says `unreleased`.
    """
    heading = re.search(rf"^## {re.escape(version)}(?:, (.*))?$", changelog, re.MULTILINE)
    if heading is None or heading[1] == "unreleased":
        raise LookupError(f"CHANGELOG.md has no released section {version}")
    return changelog[heading.end() :].partition("\n## ")[0].strip()


def main(version: str) -> None:
    """Print the notes of a version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    if project != version:
        sys.exit(f"pyproject.toml has version {project}, the tag has {version}")
    try:
        sys.stdout.write(notes((ROOT / "CHANGELOG.md").read_text(), version) + "\n")
    except LookupError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1])
