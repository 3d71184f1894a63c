"""That the commands and programs on the pages of the documentation print what the pages say."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from api.openapi.example_files import photo, service_example
from pipelines.dialects import DIALECTS
from tests.integration.conftest import Deployment
from tests.integration.documented_blocks import END, ROOT, URL, as_pattern, blocks, has_output, pages

# Pages with a test of their own: they need another deployment, or other photos.
ELSEWHERE = {
    "docs/security.md": "tests/integration/test_security_page.py",
    "docs/clients.md": "tests/integration/test_client_pages.py",
    "docs/cli.md": "tests/integration/test_client_pages.py",
}
NAMES = [name for page in pages() if has_output(page) and (name := str(page.relative_to(ROOT))) not in ELSEWHERE]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder like a checkout, with the photo and the pair of templates that the pages of services speak of."""
    for entry in ROOT.iterdir():
        if not entry.name.startswith("."):
            (tmp_path / entry.name).symlink_to(entry)
    (tmp_path / "photo.jpg").write_bytes(photo())
    pair = service_example("verify-matcher", DIALECTS["v2"], "request")
    (tmp_path / "pair.json").write_text(json.dumps(pair))
    commands = tmp_path / ".commands"
    commands.mkdir()
    for name, started in {"faceline": "-m cli.main", "python": "", "python3": ""}.items():
        (commands / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" -P {started} "$@"\n')
        (commands / name).chmod(0o755)
    return tmp_path


@pytest.mark.stack
@pytest.mark.parametrize("name", NAMES)
def test_each_block_prints_what_the_page_shows(name: str, deployment: Deployment, folder: Path) -> None:
    run = [block for block in blocks((ROOT / name).read_text()) if block.reason is None]
    lines = ["set -euo pipefail", *(f"{block.script}\necho; echo '{END}'" for block in run)]
    environment = {
        **os.environ,
        "PATH": f"{folder / '.commands'}:{os.environ['PATH']}",
        "FACELINE_DATA_DIR": str(deployment.log.parent / "data"),
        "FACELINE_URL": deployment.stack.url,
        "PYTHONPATH": os.pathsep.join(
            [str(ROOT), str(ROOT / "clients" / "python"), *filter(None, [os.environ.get("PYTHONPATH")])]
        ),
        "NO_PROXY": "127.0.0.1",
    }
    script = "\n".join(lines).replace(URL, deployment.stack.url)
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    printed = done.stdout.split(f"\n{END}\n")
    for block, output in zip(run, printed, strict=False):
        if block.shown is not None:
            assert re.fullmatch(as_pattern(block.shown), output.strip()), (block.code, block.shown, output)


def test_blocks_that_are_not_run_say_why() -> None:
    for page in pages():
        for block in blocks(page.read_text()):
            if block.reason is not None:
                assert len(block.reason.split()) >= 3, (page.name, block.code)
                sys.stdout.write(f"{page.relative_to(ROOT)}: {block.code.splitlines()[0]}: {block.reason}\n")
            elif has_output(page):
                assert block.language != "console", f"{page.name}: tests run sh and python: {block.code}"


def test_pages_that_are_tested_elsewhere_are_named_there() -> None:
    for page, test in ELSEWHERE.items():
        assert page.rpartition("/")[2] in (ROOT / test).read_text()


def test_curl_is_here() -> None:
    assert shutil.which("curl"), "the pages use curl: install it"


def test_pages_with_output_are_found() -> None:
    assert {"docs/quick-start.md", "docs/concepts.md", "docs/services/age-estimator.md"} <= set(NAMES)
