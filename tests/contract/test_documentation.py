"""The documentation: pages of services say what the code says, and the site is built without a warning."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from docs.site.build import CONFIG
from docs.site.service_pages import FOLDER, MARK, pages
from docs.site.staging import DOCS, ROOT, site_path
from models.catalogue import services

REMEDY = "run `make docs-reference`"


@pytest.mark.parametrize("name", pages())
def test_the_page_of_a_service_says_what_the_code_says(name: str) -> None:
    file = FOLDER / name
    assert file.is_file(), REMEDY
    assert file.read_text(encoding="utf-8") == pages()[name], REMEDY


def test_no_page_is_left_of_a_service_that_is_gone() -> None:
    assert {file.stem for file in FOLDER.glob("*.md")} == {"index", *services()}


@pytest.mark.parametrize("name", services())
def test_the_page_of_a_service_has_a_picture_and_its_limits(name: str) -> None:
    written = (FOLDER / f"{name}.md").read_text(encoding="utf-8").partition(MARK)[0]
    assert "![" in written
    assert "\n## Limits\n" in written


def _navigation(entries: list[object]) -> list[str]:
    found: list[str] = []
    for entry in entries:
        if isinstance(entry, dict):
            for part in entry.values():
                found += _navigation(part)
        else:
            found.append(str(entry))
    return found


def test_each_page_is_in_the_navigation_once() -> None:
    named = _navigation(yaml.safe_load(CONFIG.read_text())["nav"])
    assert len(named) == len(set(named))
    own = {str(site_path(page)) for page in DOCS.rglob("*.md") if page.parent.name != "decisions"}
    assert own - set(named) == set(), "add the page to the navigation of mkdocs.yml"


def test_the_index_of_decisions_names_each_decision() -> None:
    index = (DOCS / "decisions" / "README.md").read_text()
    for page in (DOCS / "decisions").glob("0*.md"):
        assert f"]({page.name})" in index


def test_the_figures_of_the_readme_are_those_of_the_tables() -> None:
    rows = [line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("| [")]
    shown = re.findall(r"(?<![\d.])[01]?\.\d{2,3}(?!\d)", "".join(rows))
    assert len(shown) > 8
    tables = ("docs/accuracy-figures.md", "docs/performance.md", "docs/models/liveness.md")
    known = "".join((ROOT / name).read_text() for name in tables)
    dev = (ROOT / "bench" / "results" / "accuracy-dev.md").read_text()
    assert [figure for figure in shown if figure not in known and f"0{figure}" not in dev] == []


def test_the_site_is_built_without_a_broken_link_and_can_be_searched(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "docs.site.build", "--to", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    found = json.loads((tmp_path / "site" / "search.json").read_text())
    assert any("age-estimator" in str(entry) for entry in found["items"])
