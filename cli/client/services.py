"""`faceline services`: what a deployment offers."""

import json

import typer
from rich.console import Console

from cli.client.connection import AsJson, Url, any_deployment, exit_codes
from cli.client.tables import presets_table, services_table
from faceline_client import to_json


def services(as_json: AsJson = False, url: Url = None) -> None:
    """Show the services and presets of a deployment.

    Exit codes: 0 done; 1 error; 2 wrong arguments; 130 interrupted.
    """
    errors = Console(stderr=True)
    with exit_codes(errors), any_deployment(url, errors, works=False) as client:
        offers = client.services()
    if as_json:
        typer.echo(json.dumps(to_json(offers), indent=2))
        return
    console = Console()
    console.print(services_table(offers))
    console.print(presets_table(offers))
