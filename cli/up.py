"""`faceline up`: runs the embedded stack in the foreground."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from logging import getLogger
from typing import Annotated

import typer
from rich.console import Console

from cli.exits import exit_on_error, interrupt_on_signals
from config.errors import FacelineError
from config.logs import configure_logs, format_of_environment, log_warnings_and_errors
from config.settings import Settings, load_settings
from embedded.stack import running_stack

log = getLogger(__name__)

Host = Annotated[str, typer.Option(help="The address to listen on.")]
Open = Annotated[
    bool, typer.Option("--open", help="Ask no caller for an API key, also on an address that other machines reach.")
]
RootPath = Annotated[
    str | None,
    typer.Option(metavar="PATH", help="The path under which a proxy offers the API and which it removes."),
]
Port = Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 takes a free one.")]


def up(host: Host = "127.0.0.1", port: Port = 8000, open_to_all: Open = False, root_path: RootPath = None) -> None:
    """Run the API, workers for all services and a Redis-compatible server until Ctrl-C.

    With FACELINE_REDIS_URL it uses your own server instead of starting one. On an address that other machines reach,
    the API needs a key: `faceline keys create NAME`.
    """
    console = Console(stderr=True)
    interrupt_on_signals()
    # In JSON also the lines of this process are JSON, those about wrong settings among them.
    in_json = format_of_environment() == "json"
    if in_json:
        configure_logs("INFO", "json", "up")
        log_warnings_and_errors()
    with _errors(console, in_json=in_json):
        settings = _settings(open_to_all, root_path)
    if in_json:
        configure_logs(settings.log_level, "json", "up")
    killed: list[str] = []
    try:
        with _errors(console, in_json=in_json), running_stack(settings, host, port, sys.stderr) as stack:
            if in_json:
                log.info("Faceline is up", extra={"url": stack.url})
            else:
                _say(console, f"[bold green]Faceline is up[/] at {stack.url}  docs: {stack.url}/docs  stop: Ctrl-C")
            killed = stack.supervisor.killed
            stack.keep_up()
    except KeyboardInterrupt:
        if killed:
            message = f"Faceline was stopped before its work was done; killed: {', '.join(killed)}. "
            message += "Jobs that were cut off run again at the next start"
        else:
            message = "Faceline is stopped"
        log.info(message) if in_json else _say(console, message)
        if killed:
            raise typer.Exit(1) from None


def _say(console: Console, message: str) -> None:
    """Print a line; one that cannot be written is dropped, and the stack runs on."""
    # SystemExit: rich raises it where standard error is a closed pipe.
    with suppress(OSError, SystemExit):
        console.print(message, soft_wrap=True)


@contextmanager
def _errors(console: Console, *, in_json: bool) -> Iterator[None]:
    """Prints or logs an error, and ends the command with exit code 1."""
    if not in_json:
        with exit_on_error(console):
            yield
        return
    try:
        yield
    except FacelineError as error:
        log.critical("the stack cannot start", extra={"reason": str(error)})
        raise typer.Exit(1) from error


def _settings(open_to_all: bool, root_path: str | None) -> Settings:
    """The settings of the stack; the processes of the stack read them from the environment."""
    if open_to_all:
        os.environ["FACELINE_ACCESS__OPEN"] = "true"
    if root_path is not None:
        os.environ["FACELINE_SERVER__ROOT_PATH"] = root_path
    return load_settings()
