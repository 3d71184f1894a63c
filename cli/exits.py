"""Exit of commands: prints an error on one line with exit code 1; SIGTERM acts like Ctrl-C."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from config.errors import FacelineError


@contextmanager
def exit_on_error(console: Console) -> Iterator[None]:
    """Prints a `FacelineError`, and ends the command with exit code 1.

    Raises:
        Exit: there was an error.
    """
    try:
        yield
    except FacelineError as error:
        print_error(console, str(error))
        raise typer.Exit(1) from error


def print_error(console: Console, message: str) -> None:
    """Print an error on one line, however long."""
    console.print(f"[bold red]error:[/] {escape(message)}", highlight=False, soft_wrap=True)


def interrupt_on_sigterm() -> None:
    """Let SIGTERM raise `KeyboardInterrupt`, as Ctrl-C does."""
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
