"""The page of the console and its files, in memory, under an address that changes with their content."""

import base64
import gzip
import hashlib
import json
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from api.console.modules import PAGE_PACKAGES

_TYPES: Mapping[str, str] = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    "": "text/plain",
}
_MODULE_SUFFIXES = (".js", ".mjs")


@dataclass(frozen=True)
class PageFile:
    """A file that the page loads."""

    content: bytes
    media_type: str

    @cached_property
    def compressed(self) -> bytes | None:
        """The content in gzip; None for photos, which do not become smaller."""
        return None if self.media_type == "image/jpeg" else gzip.compress(self.content, 9, mtime=0)


@dataclass(frozen=True)
class ConsolePage:
    """The page and its files.

    Attributes:
        files: by path below `/console/<version>/`.
        modules: the path of each module of others, by the name under which ours import it.
        template: of the page.
    """

    files: Mapping[str, PageFile]
    modules: Mapping[str, str]
    template: str

    @cached_property
    def version(self) -> str:
        """A digest of all that the browser gets, so that browsers keep files of a version for ever."""
        digest = hashlib.sha256(self.template.encode())
        for path, file in sorted(self.files.items()):
            digest.update(f"{path}\0{len(file.content)}\0".encode() + file.content)
        return digest.hexdigest()[:12]

    @cached_property
    def import_map(self) -> str:
        """The addresses of the modules of others, as the page has them."""
        imports = {name: f"./console/{self.version}/{path}" for name, path in self.modules.items()}
        return json.dumps({"imports": imports}, separators=(",", ":"))

    @cached_property
    def html(self) -> bytes:
        """The page. All addresses in it are relative, so that it works below a prefix of a proxy."""
        base = f"./console/{self.version}"
        styles = [path for path in sorted(self.files) if path.endswith(".css")]
        modules = [path for path in sorted(self.files) if path.endswith(_MODULE_SUFFIXES)]
        return (
            self.template.replace("{{base}}", base)
            .replace("{{styles}}", "".join(f'<link rel="stylesheet" href="{base}/{escape(path)}">' for path in styles))
            .replace("{{modules}}", "".join(f'<link rel="modulepreload" href="{base}/{escape(p)}">' for p in modules))
            .replace("{{import_map}}", self.import_map)
            .encode()
        )

    @cached_property
    def policy(self) -> str:
        """The content security policy: files and requests of this host only, and no script in the page but its map."""
        digest = base64.b64encode(hashlib.sha256(self.import_map.encode()).digest()).decode()
        return "; ".join(
            (
                "default-src 'none'",
                f"script-src 'self' 'sha256-{digest}'",
                "style-src 'self'",
                "img-src 'self' blob: data:",
                "connect-src 'self'",
                "base-uri 'none'",
                "form-action 'none'",
                "frame-ancestors 'none'",
                "require-trusted-types-for 'script'",
                "trusted-types 'none'",
            )
        )


def load_page(modules: Path) -> ConsolePage | None:
    """The page; None while a module of others is not in the folder.

    Args:
        modules: where `faceline weights pull` stores them.
    """
    if not all(package.is_stored(modules) for package in PAGE_PACKAGES):
        return None
    found = dict(_files(files("api.console") / "static", ""))
    template = found.pop("index.html").content.decode()
    names: dict[str, str] = {}
    for package in PAGE_PACKAGES:
        for member in package.members:
            path = package.path(member)
            found[f"modules/{path}"] = PageFile((modules / path).read_bytes(), _media_type(path))
        names.update({name: f"modules/{package.path(member)}" for name, member in package.modules.items()})
    return ConsolePage(found, names, template)


def _files(folder: Traversable, prefix: str) -> list[tuple[str, PageFile]]:
    found = []
    for entry in folder.iterdir():
        path = f"{prefix}{entry.name}"
        if entry.is_dir():
            found += _files(entry, f"{path}/")
        elif not path.endswith((".md", ".ts")):
            found.append((path, PageFile(entry.read_bytes(), _media_type(path))))
    return found


def _media_type(path: str) -> str:
    suffix = Path(path).suffix
    return _TYPES.get(suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"
