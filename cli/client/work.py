"""The options `--services` and `--preset`: their completion, and what a misspelt name is told."""

from collections.abc import Collection, Iterator
from typing import Annotated, NamedTuple, Self

import typer

from cli.exits import suggestion
from config.settings import load_settings
from faceline_client import Client, Work
from models.catalogue import services
from pipelines.presets import PAIR_PRESETS, PRESETS

DEFAULT_PRESET = "face-analysis"


def _complete_services(incomplete: str) -> Iterator[str]:
    done, comma, last = incomplete.rpartition(",")
    yield from (f"{done}{comma}{name}" for name in services() if name.startswith(last) and name not in done.split(","))


def _complete_preset(incomplete: str) -> Iterator[str]:
    yield from (name for name in PRESETS if name.startswith(incomplete))


ServicesOption = Annotated[
    str | None,
    typer.Option(help="Names of services, in order, with commas between them.", autocompletion=_complete_services),
]
PresetOption = Annotated[
    str | None,
    typer.Option(
        help="The name of a pipeline, instead of --services; `faceline services` lists them.",
        autocompletion=_complete_preset,
        show_default=DEFAULT_PRESET,
    ),
]


class Names(NamedTuple):
    """The names that a user may write."""

    services: Collection[str]
    presets: Collection[str]

    @classmethod
    def here(cls) -> Self:
        """Those of a stack on this machine."""
        return cls(services(load_settings().modules), PRESETS)

    @classmethod
    def of(cls, client: Client) -> Self:
        """Those of a deployment."""
        offers = client.services()
        return cls([one.name for one in offers.services], [name for name in offers.presets if name not in PAIR_PRESETS])

    def chosen(self, services: str | None, preset: str | None) -> Work:
        """What the options ask for.

        Raises:
            BadParameter: both options are given, or there is no service or preset of this name.
        """
        if services is not None and preset is not None:
            raise typer.BadParameter("give either --services or --preset")
        if services is None:
            wanted = preset or DEFAULT_PRESET
            _require("preset", wanted, self.presets)
            return Work(preset=wanted)
        names = [name.strip() for name in services.split(",") if name.strip()]
        for name in names:
            _require("service", name, self.services)
        return Work(services=names)


def _require(kind: str, given: str, known: Collection[str]) -> None:
    if given not in known:
        raise typer.BadParameter(f"there is no {kind} {given}; {suggestion(given, known)}")
