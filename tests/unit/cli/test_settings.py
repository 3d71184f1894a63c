from pathlib import Path

from cli.settings import settings_table

DOCS = Path(__file__).parents[3] / "docs"


def test_the_page_of_settings_is_what_the_command_prints() -> None:
    assert settings_table() in (DOCS / "settings.md").read_text()
