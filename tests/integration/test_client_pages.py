"""That the examples of docs/clients.md and docs/cli.md do what the pages say."""

import contextlib
import io
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import PHOTOS, Deployment
from tests.integration.test_up import FACELINE

pytestmark = pytest.mark.stack

DOCS = Path(__file__).parents[2] / "docs"
README = Path(__file__).parents[2] / "clients" / "python" / "README.md"
BLOCKS = re.compile(r"^```(sh|python|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
END = "-- end of a block --"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the photos that the pages name."""
    for name, source in (("photo", "collins"), ("other", "macron"), ("no-face", "shuttle_model")):
        shutil.copy(PHOTOS / f"{source}.jpg", tmp_path / f"{name}.jpg")
    (tmp_path / "broken.jpg").write_bytes(b"no photo")
    return tmp_path


def examples(page: Path) -> Iterator[tuple[str, str]]:
    """Each block of code, and the output that is shown below it; a block without output has none."""
    blocks = BLOCKS.findall(page.read_text())
    for index, (language, text) in enumerate(blocks):
        if language != "text":
            following = blocks[index + 1] if index + 1 < len(blocks) else ("", "")
            yield text, following[1] if following[0] == "text" else ""


def assert_shown(shown: str, printed: str) -> None:
    """Fail if an output is not the one that a page shows, in which `…` is anything inside a line."""
    lines = [line.strip() for line in printed.strip().splitlines()]
    expected = [re.escape(line.strip()).replace("…", "[^\n]*") for line in shown.strip().splitlines()]
    assert re.fullmatch("\n".join(expected), "\n".join(lines)), f"shown:\n{shown}\nprinted:\n{printed}"


@pytest.mark.parametrize("page", [DOCS / "clients.md", README], ids=lambda page: page.name)
def test_the_examples_in_python(
    page: Path, deployment: Deployment, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("FACELINE_URL", deployment.stack.url)
    names: dict[str, object] = {"__name__": "page"}
    try:
        for code, shown in examples(page):
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(code.replace("http://127.0.0.1:8000", deployment.stack.url), str(page), "exec"), names)
            if shown or page != README:
                assert_shown(shown, printed.getvalue())
    finally:
        for name in ("client", "patient", "impatient"):
            if name in names:
                names[name].close()  # type: ignore[attr-defined]


def test_the_commands(deployment: Deployment, folder: Path) -> None:
    found = list(examples(DOCS / "cli.md"))
    faceline = " ".join(f"'{part}'" for part in FACELINE)
    lines = ["set -euo pipefail", f'faceline() {{ {faceline} "$@"; }}', *(f"{code}echo '{END}'" for code, _ in found)]
    data = deployment.log.parent / "data"
    done = subprocess.run(
        ["bash", "-c", "\n".join(lines)],
        cwd=folder,
        env={**os.environ, "FACELINE_DATA_DIR": str(data), "COLUMNS": "80"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for (_, shown), printed in zip(found, done.stdout.split(f"{END}\n"), strict=False):
        assert_shown(shown, printed)
