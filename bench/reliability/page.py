"""`write_section`: puts the figures of one command into the page on reliability."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"


def write_section(name: str, text: str, page: Path = PAGE) -> None:
    """Replace the text between `<!-- name -->` and `<!-- /name -->`.

    Raises:
        ValueError: the page does not have these markers.
    """
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    found = re.compile(f"{re.escape(begin)}.*{re.escape(end)}", re.DOTALL)
    before = page.read_text(encoding="utf-8")
    if not found.search(before):
        raise ValueError(f"{page} has no section {name}")
    page.write_text(found.sub(lambda _: f"{begin}\n{text.strip()}\n{end}", before), encoding="utf-8")
