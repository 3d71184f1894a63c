"""Axe, which finds barriers on pages: pulled as the modules of the console are, but for tests only."""

from pathlib import Path

from api.console.modules import PagePackage, modules_folder
from api.console.pull import pull_modules
from models.weights.fetchers import RegistryClients
from models.weights.source import Registry, SourcePackage

AXE = PagePackage(
    source=SourcePackage(
        registry=Registry.NPM,
        name="axe-core",
        version="4.14.1",
        archive="axe-core-4.14.1.tgz",
        sha256="e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745",
        size=708_405,
        licence="MPL-2.0",
    ),
    members={"package/axe.min.js": "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"},
    modules={},
)


def axe_script(weights_dir: Path) -> str:
    """The source of axe.

    Raises:
        ModelError: it cannot be pulled.
    """
    folder = modules_folder(weights_dir)
    pull_modules(folder, RegistryClients(), lambda package: None, [AXE])
    return (folder / AXE.path("package/axe.min.js")).read_text()
