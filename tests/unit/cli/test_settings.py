import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from cli.settings import effective, settings_table
from config.settings import load_settings

DOCS = Path(__file__).parents[3] / "docs"


def shown(*arguments: str, **environment: str) -> str:
    result = CliRunner().invoke(app, ["settings", *arguments], env=environment)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_page_of_settings_is_what_the_command_prints() -> None:
    assert settings_table() in (DOCS / "settings.md").read_text()
    assert shown("--defaults").strip() == settings_table()


def test_values_are_those_of_this_environment_with_their_source() -> None:
    lines = shown(FACELINE_JOBS__TTL_S="77", FACELINE_JOBS='{"attempts": 5}').splitlines()
    assert "FACELINE_JOBS__TTL_S=77  # environment" in lines
    assert "FACELINE_JOBS__ATTEMPTS=5  # environment" in lines
    assert "FACELINE_LOG_LEVEL=INFO  # default" in lines
    assert any(line.startswith("FACELINE_CORES=") and line.endswith("# machine") for line in lines)


def test_secrets_are_hidden() -> None:
    secrets = {
        "FACELINE_REDIS_URL": "redis://user:geheim@example.org:6379/0",
        "FACELINE_BROKER_URL": "amqp://user:geheim@example.org//",
        "FACELINE_FACEAPI_KEYS": "geheim",
        "FACELINE_KEY": "geheim",
        "FACELINE_SECRETS__ENCRYPTION_KEYS": "geheim",
        "FACELINE_ACCESS__FIRST_KEY": "geheim",
    }
    for output in (shown(**secrets), shown("--json", **secrets)):
        assert "geheim" not in output
        assert "redis://user:***@example.org:6379/0" in output


def test_json_has_all_settings() -> None:
    names = [setting["name"] for setting in json.loads(shown("--json"))]
    assert [line.split("`")[1] for line in settings_table().splitlines()[2:]] == names


@pytest.mark.parametrize("url", ["http://x", "redis://host:port/0", "x", "redis//x"])
def test_a_url_of_no_server_is_an_error_on_one_line(url: str) -> None:
    result = CliRunner().invoke(app, ["settings"], env={"FACELINE_REDIS_URL": url, "COLUMNS": "200"})
    assert result.exit_code == 1
    assert "FACELINE_REDIS_URL: must be a URL that begins with" in result.output


def test_every_setting_that_holds_a_secret_is_known_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting whose name says that it is a secret shows no value."""
    for name in ("FACELINE_KEY", "FACELINE_FACEAPI_KEYS", "FACELINE_ACCESS__FIRST_KEY"):
        monkeypatch.setenv(name, "geheim")
    secret = [
        one
        for one in effective(load_settings(), {})
        if one.name.endswith(("_KEY", "_KEYS", "PASSWORD")) and "PER" not in one.name
    ]
    assert len(secret) >= 4
    assert {one.value for one in secret} <= {None, "***", "[]"}
