"""Exit of commands: prints an error on one line with exit code 1; signals interrupt a command."""

import signal
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
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


def suggestion(given: str, known: Collection[str]) -> str:
    """What to write instead of a wrong name: the name that is most like it, and all names."""
    alike = get_close_matches(given, known, n=1)
    return f"{f'did you mean {alike[0]}? ' if alike else ''}there are: {', '.join(known)}"


def interrupt_on_signals() -> None:
    """Let SIGTERM and SIGINT raise `KeyboardInterrupt`, also where a script started this process in the background.

    The first signal ends a command, the second one ends its clean-up, and later ones are ignored.
    """
    signals = (signal.SIGTERM, signal.SIGINT)
    came = 0

    def interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
        nonlocal came
        came += 1
        if came == 2:
            for number in signals:
                signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in signals:
        signal.signal(number, interrupt)
