"""The command line as a user starts it: commands are imported when they are called."""

import os
import subprocess
import sys
from collections.abc import Sequence
from inspect import getdoc
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from cli.main import COMMANDS, app

HEAVY = {"celery", "cv2", "fastapi", "httpx", "kombu", "numpy", "onnxruntime", "pyarrow", "pydantic", "redis"}
OURS = {
    "api",
    "bench",
    "broker",
    "bulk",
    "config",
    "embedded",
    "jobs",
    "metrics",
    "models",
    "pipelines",
    "webhooks",
    "workers",
}
SHOW_MODULES = "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); "


def python(code: str, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-P", "-c", code, *arguments]
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=True, timeout=60
    )


def modules_of(code: str, *arguments: str) -> set[str]:
    """The modules that a process has imported at its end."""
    return set(python(SHOW_MODULES + code, *arguments).stderr.split())


def test_help_imports_no_command_and_at_most_three_times_what_typer_and_rich_do() -> None:
    imported = modules_of("from cli.main import app; app()", "--help")
    assert {name.partition(".")[0] for name in imported}.isdisjoint(HEAVY | OURS)
    assert len(imported) <= 3 * len(modules_of("import typer, rich"))


@pytest.mark.parametrize("arguments", [("--help",), ("bulk", "--help"), ("weights", "list"), ("settings",)])
def test_commands_that_run_no_model_work_without_onnxruntime(arguments: Sequence[str]) -> None:
    shown = python("import sys; sys.modules['onnxruntime'] = None; from cli.main import app; app()", *arguments)
    assert shown.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_the_summary_of_a_command_begins_its_own_help(name: str) -> None:
    module, _, attribute = COMMANDS[name].target.partition(":")
    target = getattr(__import__(module, fromlist=[attribute]), attribute)
    help_text = target.info.help if isinstance(target, typer.Typer) else getdoc(target)
    assert (help_text or "").splitlines()[0] == COMMANDS[name].summary


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_its_own_help(name: str) -> None:
    shown = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    assert f" {name} [OPTIONS]" in shown.output
    assert COMMANDS[name].summary in shown.output


def test_help_lists_every_command_with_its_summary() -> None:
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"}).output
    for name, command in COMMANDS.items():
        assert name in shown
        assert command.summary in shown


def test_an_unknown_command_is_answered_with_the_nearest_one() -> None:
    result = CliRunner().invoke(app, ["blk"], env={"COLUMNS": "200"})
    assert result.exit_code == 2
    assert "No such command 'blk'. Did you mean 'bulk'?" in result.output


@pytest.mark.parametrize(("words", "expected"), [("faceline b", "bulk"), ("faceline bulk --max", "--max-in-flight")])
def test_the_shell_completes_commands_and_their_options(words: str, expected: str) -> None:
    asked = {"_FACELINE_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    shown = python("import sys; sys.argv[0] = 'faceline'; from cli.main import app; app(prog_name='faceline')", **asked)
    assert expected in shown.stdout.split()


def test_the_installed_command_is_this_one() -> None:
    shown = subprocess.run(
        [Path(sys.executable).with_name("faceline"), "--help"], capture_output=True, text=True, check=True
    )
    assert "bulk" in shown.stdout
