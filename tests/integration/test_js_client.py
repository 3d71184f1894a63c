"""The JavaScript client in Node.js: its tests, and the examples of its pages, against a real deployment."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.integration.conftest import PHOTOS, Deployment
from tests.integration.documented_blocks import END, ROOT, URL, as_pattern

pytestmark = pytest.mark.stack

PACKAGE = ROOT / "clients" / "js"
BLOCKS = re.compile(r"^```js\n(.*?)^```\n(?:\n```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that has installed the package: the files that npm would publish, and nothing else."""
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    package = json.loads((PACKAGE / "package.json").read_text())
    installed = tmp_path / "node_modules" / package["name"]
    installed.mkdir(parents=True)
    for name in ("package.json", *package["files"]):
        shutil.copy(PACKAGE / name, installed)
    (tmp_path / "package.json").write_text('{"type": "module", "private": true}')
    for name, source in (("photo", "collins"), ("other", "macron"), ("no-face", "shuttle_model")):
        shutil.copy(PHOTOS / f"{source}.jpg", tmp_path / f"{name}.jpg")
    (tmp_path / "broken.jpg").write_bytes(b"no photo")
    return tmp_path


def run_node(project: Path, deployment: Deployment, *arguments: str) -> str:
    """The output of Node.js; the test fails if the program fails."""
    environment = {**os.environ, "FACELINE_URL": deployment.stack.url, "PHOTOS": str(PHOTOS)}
    done = subprocess.run(
        ["node", *arguments], cwd=project, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", sorted(path.name for path in (PACKAGE / "tests").glob("*.test.js")))
def test_its_own_tests(deployment: Deployment, project: Path, name: str) -> None:
    shutil.copy(PACKAGE / "tests" / name, project)
    printed = run_node(project, deployment, "--test", "--test-reporter=tap", name)
    assert int(re.findall(r"^# pass (\d+)$", printed, re.MULTILINE)[0]) > 5


@pytest.mark.parametrize("page", [ROOT / "docs" / "clients-js.md", PACKAGE / "README.md"], ids=lambda page: page.name)
def test_the_examples(deployment: Deployment, project: Path, page: Path) -> None:
    blocks = BLOCKS.findall(page.read_text())
    assert blocks
    code = "".join(f"{block}\nconsole.log('{END}');\n" for block, _ in blocks)
    (project / "page.js").write_text(code.replace(URL, deployment.stack.url))
    printed = run_node(project, deployment, "page.js").split(f"{END}\n")
    for (block, shown), output in zip(blocks, printed, strict=False):
        assert re.fullmatch(as_pattern(shown), output.strip()), f"{block}\nshown:\n{shown}\nprinted:\n{output}"
