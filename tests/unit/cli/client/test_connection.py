import signal
from collections.abc import Iterator
from io import StringIO

import pytest
import typer
from rich.console import Console

from cli.client.connection import ExitCode, exit_codes
from faceline_client import AccessDenied
from faceline_client.results import ErrorBody


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """`exit_codes` handles signals: they get their old handlers back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def printed(error: Exception) -> str:
    text = StringIO()
    with pytest.raises(typer.Exit) as ended, exit_codes(Console(file=text)):
        raise error
    assert ended.value.exit_code == ExitCode.ERROR
    return text.getvalue()


def test_a_missing_key_names_the_variable_that_has_it() -> None:
    body = ErrorBody(detail="this deployment asks for an API key", type="unauthenticated")
    missing = "error: this deployment asks for an API key; this command sends the key in FACELINE_KEY\n"
    assert printed(AccessDenied(401, body, None, None)) == missing
    scope = ErrorBody(detail="this request needs a key with the scope `admin`", type="missing_scope")
    assert "FACELINE_KEY" not in printed(AccessDenied(403, scope, None, None))


def test_a_file_that_cannot_be_read_is_named_first() -> None:
    assert printed(FileNotFoundError(2, "No such file", "a.jpg")) == "error: a.jpg: No such file\n"
