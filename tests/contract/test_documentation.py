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
from models.calibration.operating_points import PURPOSES
from models.catalogue import services

REMEDY = "run `make docs-reference`"
FIGURE = re.compile(r"(?<![\d.])[01]?\.\d{2,3}(?!\d)")


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
    shown = FIGURE.findall("".join(rows))
    assert len(shown) > 8
    tables = ("accuracy-figures", "performance", "models/liveness", "models/confidences")
    known = "".join((DOCS / f"{name}.md").read_text() for name in tables)
    dev = (ROOT / "bench" / "results" / "accuracy-dev.md").read_text()
    assert [figure for figure in shown if figure not in known and f"0{figure}" not in dev] == []


def _held_out_column(page: str) -> str:
    """The cells of the column *held out* of the first table that has one."""
    rows = [line.split("|") for line in (ROOT / page).read_text().splitlines() if line.startswith("|")]
    first, column = next(
        (index, [cell.strip() for cell in row].index("held out"))
        for index, row in enumerate(rows)
        if " held out " in row
    )
    return " ".join(row[column] for row in rows[first:] if len(row) == len(rows[first]))


def test_the_held_out_figures_of_the_readme_are_held_out_figures_of_the_pages_and_have_their_date() -> None:
    shown = FIGURE.findall(_held_out_column("README.md"))
    assert len(shown) > 8
    blocks = [
        block
        for name in ("confidences", "liveness")
        for block in re.split(r"\n\n|\n- ", (DOCS / "models" / f"{name}.md").read_text())
        if re.search("held.out", block)
    ]
    known = "".join([_held_out_column("docs/accuracy-figures.md"), *blocks])
    assert [figure for figure in shown if figure not in known] == []
    dates = {
        date
        for page in ("README.md", "docs/accuracy-figures.md")
        for date in re.findall(r"measured on (\d{4}-\d\d-\d\d)", (ROOT / page).read_text())
    }
    assert len(dates) == 1


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


def test_the_page_about_verification_has_the_purposes_of_the_operating_points() -> None:
    page = (ROOT / "docs/verification.md").read_text()
    for name, purpose in PURPOSES.items():
        (row,) = (line for line in page.splitlines() if re.match(rf"\| `{name}`[^|]*\| \d", line))
        assert row.endswith(f"| {purpose} |")
