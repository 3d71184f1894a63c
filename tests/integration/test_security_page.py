"""That the commands of docs/security.md do what the page says."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.integration.conftest import PHOTOS, Deploy
from tests.integration.test_up import FACELINE

pytestmark = pytest.mark.stack

PAGE = Path(__file__).parents[2] / "docs" / "security.md"
BLOCKS = re.compile(r"^```(sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
END = "-- end of a block --"


def as_pattern(shown: str) -> str:
    """The regular expression of an output in which `…` is anything inside a line."""
    return re.escape(shown.strip()).replace("…", "[^\n]+")


def test_each_command_prints_what_the_page_shows(deploy: Deploy, tmp_path: Path) -> None:
    blocks = BLOCKS.findall(PAGE.read_text())
    scripts = [text for language, text in blocks if language == "sh"]
    (tmp_path / "photo.jpg").write_bytes((PHOTOS / "collins.jpg").read_bytes())
    faceline = " ".join(f"'{part}'" for part in FACELINE)
    lines = ["set -euo pipefail", f'faceline() {{ {faceline} "$@"; }}', *(f"{text}echo '{END}'" for text in scripts)]
    with deploy() as running:
        script = "\n".join(lines).replace("http://127.0.0.1:8000", running.stack.url)
        environment = {**os.environ, "FACELINE_DATA_DIR": str(running.log.parent / "data")}
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    printed = done.stdout.split(f"{END}\n")
    shown = [text for language, text in blocks if language == "text"]
    # A block of commands that prints nothing has no block of output.
    assert [bool(text) for text in printed[: len(scripts)]].count(True) == len(shown)
    for text, output in zip(shown, filter(None, printed), strict=True):
        assert re.fullmatch(as_pattern(text), output.strip()), (text, output)
