from math import inf
from pathlib import Path

import pytest

from bench.reliability.ledger import Verdict
from bench.reliability.page import PAGE, write_section
from bench.reliability.report import Row, to_markdown
from bench.reliability.scenarios import SCENARIOS


def test_a_section_is_replaced_and_the_others_stay(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Page\n<!-- chaos -->\nold\n<!-- /chaos -->\n<!-- other -->\nstays\n<!-- /other -->\n")
    write_section("chaos", "new \\1", page)
    assert page.read_text() == (
        "# Page\n<!-- chaos -->\nnew \\1\n<!-- /chaos -->\n<!-- other -->\nstays\n<!-- /other -->\n"
    )


def test_a_page_without_the_section_is_an_error(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Page\n")
    with pytest.raises(ValueError, match="no section chaos"):
        write_section("chaos", "new", page)


def test_the_page_names_each_scenario_and_has_the_section() -> None:
    page = PAGE.read_text()
    assert "<!-- chaos -->" in page
    for scenario in SCENARIOS:
        assert f"`{scenario.name}`" in page


def test_figures_have_a_table_for_each_layout() -> None:
    good, bad = Verdict(9, 9, 0, 0, 0, 1.25, []), Verdict(9, 5, 1, 1, 2, inf, ["lost: a photo"])
    text = to_markdown([Row(SCENARIOS[0], "embedded", good), Row(SCENARIOS[0], "families", bad)], seed=7, seconds=300)
    assert "seed 7" in text
    assert f"| {SCENARIOS[0].title} | 9 | 9 | 0 | 0 | 0 | 1.2 s |" in text
    assert f"| {SCENARIOS[0].title} | 9 | 5 | 1 | 1 | 2 | none |" in text
