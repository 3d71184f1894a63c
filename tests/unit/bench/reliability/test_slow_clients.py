"""That slow clients which got no connection are counted: a caller beside fewer of them proves nothing."""

import asyncio

import pytest

from bench.reliability.slow_clients import crowd, main
from embedded.ports import free_port


def test_connections_that_could_not_be_opened_are_counted() -> None:
    seen = asyncio.run(crowd(f"http://127.0.0.1:{free_port()}", dripping=2, idle=3, seconds=0.1))
    assert seen.not_opened.total() == 5
    assert not seen.connected


def test_the_command_fails_if_not_all_connections_were_opened(capsys: pytest.CaptureFixture[str]) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    assert main([address, "--dripping", "0", "--idle", "3", "--seconds", "0"]) == 1
    assert "not opened: {" in capsys.readouterr().out
