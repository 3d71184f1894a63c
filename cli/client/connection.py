"""Which deployment a command talks to, and what its errors mean for the exit code."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from enum import IntEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.exits import interrupt_on_signals, print_error
from cli.weights import pull_with_progress
from config.errors import FacelineError
from config.settings import Settings, load_settings
from embedded.stack import running_stack
from embedded.store import running_url
from faceline_client import AccessDenied, Client, JobFailed, NotOver
from faceline_client import FacelineError as ClientError
from models.catalogue import services
from models.weights.cache import find
from models.weights.registry import WEIGHTS


class ExitCode(IntEnum):
    """How a command ended."""

    DONE = 0
    ERROR = 1
    FAILED = 3
    """A photo or job failed."""
    NO_MATCH = 4
    """`verify`: the faces do not match."""
    NOT_OVER = 5
    """The job or batch still runs."""
    INTERRUPTED = 130


class NoDeployment(FacelineError):
    """The command needs a deployment that runs, and there is none."""

    type = "no_deployment"

    def __init__(
        self, problem: str = "no deployment runs here: start one with `faceline up`, or name one with --url"
    ) -> None:
        super().__init__(problem)


Url = Annotated[
    str | None,
    typer.Option(
        envvar="FACELINE_URL",
        help="The API of a deployment; with FACELINE_KEY if it asks for a key.",
        show_default="the stack of `faceline up` if it runs",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


@contextmanager
def exit_codes(console: Console) -> Iterator[None]:
    """Prints errors on one line, and turns them into exit codes.

    Raises:
        Exit: there was an error.
    """
    interrupt_on_signals()
    try:
        yield
    except KeyboardInterrupt:
        console.print("interrupted")
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    except NotOver as error:
        print_error(console, str(error))
        raise typer.Exit(ExitCode.NOT_OVER) from error
    except JobFailed as error:
        print_error(console, str(error))
        raise typer.Exit(ExitCode.FAILED) from error
    except (ClientError, FacelineError, OSError) as error:
        print_error(console, _problem(error))
        raise typer.Exit(ExitCode.ERROR) from error


def _problem(error: ClientError | FacelineError | OSError) -> str:
    """What went wrong, and what the user can do about it."""
    if isinstance(error, AccessDenied) and error.type == "unauthenticated":
        return f"{error.detail}; this command sends the key in FACELINE_KEY"
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error)


@contextmanager
def running_deployment(url: str | None) -> Iterator[Client]:
    """A client of the deployment that the user names, or of the stack of `faceline up`.

    Raises:
        NoDeployment: neither is there.
    """
    settings = load_settings()
    address = url or running_url(settings)
    if address is None:
        raise NoDeployment
    with _client(address, settings) as client:
        yield client


@contextmanager
def any_deployment(url: str | None, console: Console, *, works: bool = True) -> Iterator[Client]:
    """The same, or else a client of a stack that runs for this command alone, and keeps nothing.

    Args:
        url: of the deployment that the user names.
        console: says what takes so long.
        works: the stack has a worker, and the models that it needs.

    Raises:
        FacelineError: the stack cannot start.
    """
    settings = load_settings()
    if address := url or running_url(settings):
        with _client(address, settings) as client:
            yield client
        return
    if works and not _has_weights(settings):
        pull_with_progress(settings.weights_dir, console)
    with (
        tempfile.TemporaryDirectory(prefix="faceline-") as folder,
        (Path(folder) / "log").open("w") as log,
        ExitStack() as running,
    ):
        own = settings.model_copy(update={"data_dir": Path(folder) / "data", "embedded_workers": 1})
        with console.status("starting a stack for this command; `faceline up` keeps one running …"):
            stack = running.enter_context(running_stack(own, "127.0.0.1", 0, log, None if works else []))
        yield running.enter_context(_client(stack.url, settings))


def _has_weights(settings: Settings) -> bool:
    names = {name for service in services(settings.modules).values() for name in service.weights}
    return all(find(WEIGHTS[name], settings.weights_dir) for name in names)


def _client(url: str, settings: Settings) -> Client:
    try:
        return Client(url, settings.key.get_secret_value() if settings.key else None)
    except ValueError as error:
        raise NoDeployment(str(error)) from error
