"""`faceline up`: runs the embedded stack in the foreground."""

import sys
from typing import Annotated

import typer
from rich.console import Console

from cli.exits import exit_on_error, interrupt_on_sigterm
from config.settings import load_settings
from embedded.stack import running_stack

Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 takes a free one.")]


def up(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Run the API, workers for all services and a Redis-compatible server until Ctrl-C.

    With FACELINE_REDIS_URL it uses your own server instead of starting one.
    """
    console = Console(stderr=True)
    interrupt_on_sigterm()
    try:
        with exit_on_error(console), running_stack(load_settings(), host, port, sys.stderr) as stack:
            console.print(f"[bold green]Faceline is up[/] at {stack.url}  docs: {stack.url}/docs  stop: Ctrl-C")
            stack.keep_up()
    except KeyboardInterrupt:
        console.print("Faceline is stopped")
