"""Collects what the site is made of in one folder: the pages of `docs/`, and what they link to elsewhere.

Links in the repository work where the files are, so that editors and code hosts show the same pages. A file outside of
`docs/` comes into the folder `repository/` of the site.
"""

import os
from pathlib import Path

from docs.site.glossary import link_terms, terms, with_anchors
from docs.site.markdown import change_links, links

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
OUTSIDE = "repository"
_GLOSSARY = DOCS / "glossary.md"
_WITHOUT_TERMS = frozenset({_GLOSSARY, ROOT / "CHANGELOG.md"})


def stage(folder: Path) -> None:
    """Write all files of the site to a folder. What is there already is not written again, what is more is deleted.

    Raises:
        FileNotFoundError: a link leads to what is not in this repository.
    """
    wanted = {folder / site_path(file): file for file in site_files()}
    for extra in [file for file in folder.rglob("*") if file.is_file() and file not in wanted]:
        extra.unlink()
    for target, file in wanted.items():
        content = _content(file)
        if not target.is_file() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


def _content(file: Path) -> bytes:
    if file.is_dir():
        return _listing(file).encode()
    return _site_page(file).encode() if file.suffix == ".md" else file.read_bytes()


def site_files() -> list[Path]:
    """All pages of `docs/`, and all files and folders that they, and the pages that they link to, link to.

    Raises:
        FileNotFoundError: a link leads to what is not in this repository.
    """
    waiting = sorted([*DOCS.rglob("*.md"), *(DOCS / "site" / "static").iterdir()])
    found = set(waiting)
    while waiting:
        entry = waiting.pop()
        linked = _files_of(entry) if entry.is_dir() else _linked_from(entry)
        waiting += [file for file in linked if file not in found]
        found.update(linked)
    return sorted(found)


def _linked_from(page: Path) -> list[Path]:
    if page.suffix != ".md":
        return []
    found = [linked_file(page, target) for target in links(page.read_text(encoding="utf-8"))]
    return [file for file in found if file]


def _files_of(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.is_file())


def _listing(folder: Path) -> str:
    """The page of a folder: links to its files."""
    files = "".join(f"- [{file.name}]({file.name})\n" for file in _files_of(folder))
    return f"# {folder.relative_to(ROOT)}\n\n{files}"


def linked_file(page: Path, target: str) -> Path | None:
    """The file or folder that a link of a page leads to; None if it leads to another site or within the page.

    Raises:
        FileNotFoundError: it is not in this repository.
    """
    path = target.partition("#")[0]
    if not path or "://" in target or target.startswith("mailto:"):
        return None
    file = Path(os.path.normpath(page.parent / path))
    if file == ROOT / "README.md":
        # The site begins with a page of its own.
        return DOCS / "index.md"
    if not file.exists() or not file.is_relative_to(ROOT):
        raise FileNotFoundError(f"{page.relative_to(ROOT)} links to {target}, which is not in this repository")
    return file


def site_path(file: Path) -> Path:
    """Where a file of the repository, or the page of a folder, is on the site."""
    if file.is_dir():
        return site_path(file / "index.md")
    return file.relative_to(DOCS) if file.is_relative_to(DOCS) else OUTSIDE / file.relative_to(ROOT)


def _site_page(page: Path) -> str:
    text = page.read_text(encoding="utf-8")
    folder = site_path(page).parent

    def on_site(target: str) -> str:
        file = linked_file(page, target)
        if file is None:
            return target
        return os.path.relpath(site_path(file), folder) + "".join(target.partition("#")[1:])

    text = change_links(text, on_site)
    if page == _GLOSSARY:
        return with_anchors(text)
    if page in _WITHOUT_TERMS:
        return text
    return link_terms(text, terms(_GLOSSARY.read_text(encoding="utf-8")), os.path.relpath("glossary.md", folder))
