"""`faceline doctor`: runs all checks and shows what they found."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from functools import partial
from typing import Annotated

import typer
from rich.console import Console

from cli.doctor import machine, models, servers
from cli.doctor.finding import Finding, State
from config.errors import FacelineError
from config.settings import load_settings

MARKS: Mapping[State, str] = {
    "ok": "[green]ok[/]     ",
    "warning": "[yellow]warning[/]",
    "error": "[bold red]error[/]  ",
}
OF_MACHINE = (machine.python, machine.packages, machine.port)
OF_SETTINGS = (
    machine.processor,
    machine.folders,
    machine.open_files,
    models.weights,
    models.device,
    servers.store,
    servers.broker,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


def doctor(as_json: AsJson = False) -> None:
    """Check this machine, the weights and the servers, and say what to do.

    The exit code is 1 if there is an error.
    """
    found = []
    console = Console(soft_wrap=True, highlight=False)
    for finding in findings():
        found.append(finding)
        if not as_json:
            _show(console, finding)
    failed = any(finding.state == "error" for finding in found)
    if as_json:
        typer.echo(json.dumps({"ok": not failed, "findings": [asdict(finding) for finding in found]}, indent=2))
    raise typer.Exit(1 if failed else 0)


def findings() -> Iterator[Finding]:
    """What all checks find, one after another."""
    for check in OF_MACHINE:
        yield from _guarded(check.__name__, check)
    try:
        settings = load_settings()
    except FacelineError as error:
        yield Finding("settings", "error", str(error), "docs/settings.md has all settings")
        return
    yield Finding.ok("settings", "all are known, and in their bounds; `faceline settings` shows them")
    for of_settings in OF_SETTINGS:
        yield from _guarded(of_settings.__name__, partial(of_settings, settings))


def _guarded(name: str, check: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    try:
        yield from check()
    except Exception as error:  # noqa: BLE001 - a check that fails is a finding too, and the others run
        yield Finding(name, "error", f"the check failed: {type(error).__name__}: {error}", "report this as a bug")


def _show(console: Console, finding: Finding) -> None:
    console.print(MARKS[finding.state], f"{finding.name:18}", finding.message.replace("[", "\\["))
    if finding.remedy:
        console.print(f"{'':27}→ {finding.remedy}".replace("[", "\\["))
