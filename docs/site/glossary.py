"""Links the words of the glossary where they first occur on a page."""

import re
from dataclasses import dataclass

from docs.site.markdown import change_text

_ROW = re.compile(r"^\| ([^|]+?) \| ([^|]+?) \| ([^|]+?) \|$", re.MULTILINE)
_HEADER = "word"
_NOT_LINKED = re.compile(
    r"^#.*$"  # headings
    r"|^ {4}.*$"  # indented code
    r"|!?\[(?P<linked>[^\]]*)\]\([^)]*\)"  # links
    r"|<[^>\s][^>]*>"  # HTML and addresses
    r"|https?://\S+",
    re.MULTILINE,
)

_EVERYDAY = """
account alone attempt check cursor due entry errors failure field gone index left location message model network object
output pair part picture quarter record reference request result right share store ticket window
"""
EVERYDAY = frozenset(_EVERYDAY.split())
"""Words that the glossary defines for the code, and that pages also use in their everyday sense."""


@dataclass(frozen=True)
class Term:
    """A word of the glossary.

    Attributes:
        word: as the glossary writes it.
        anchor: of its row on the page of the site.
        meaning: as text without markup.
    """

    word: str
    anchor: str
    meaning: str


def terms(glossary: str) -> list[Term]:
    """All words of the glossary that pages link to, longest first."""
    found: dict[str, Term] = {}
    for row in _ROW.finditer(glossary):
        for word in _words(row[1]):
            if word not in EVERYDAY and word != _HEADER:
                found.setdefault(word, Term(word, _anchor(row[1]), _plain(row[2])))
    return sorted(found.values(), key=lambda term: (-len(term.word), term.word))


def with_anchors(glossary: str) -> str:
    """The glossary with an anchor in the first row that defines a word."""
    given = {_anchor(_HEADER)}

    def anchored(row: re.Match[str]) -> str:
        anchor = _anchor(row[1])
        if not anchor or anchor in given:
            return row[0]
        given.add(anchor)
        return f'| <span id="{anchor}">{row[1]}</span> | {row[2]} | {row[3]} |'

    return _ROW.sub(anchored, glossary)


def link_terms(page: str, known: list[Term], glossary_link: str) -> str:
    """The page with a link to the glossary at the first occurrence of each word.

    Args:
        page: Markdown.
        known: the words, longest first.
        glossary_link: the address of the glossary, seen from the page.
    """
    waiting = {term.word: term for term in known}

    def link_in(text: str) -> str:
        if not waiting:
            return text
        words = "|".join(re.escape(word) for word in sorted(waiting, key=len, reverse=True))
        word = rf"(?<![\w/.-])(?P<word>{words})(?:s|es)?(?![\w/-]|\.\w)"
        pattern = re.compile(f"{_NOT_LINKED.pattern}|{word}", re.MULTILINE | re.IGNORECASE)
        return pattern.sub(link, text)

    def link(match: re.Match[str]) -> str:
        # A word that the page links elsewhere is linked.
        word = match["linked"] or match["word"] or ""
        term = waiting.pop(word.lower(), None) or waiting.pop(word.lower().removesuffix("s"), None)
        if term is None or match["linked"]:
            return match[0]
        meaning = term.meaning.replace('"', "'")
        return f'[{match[0]}]({glossary_link}#{term.anchor}){{ .term title="{meaning}" }}'

    return change_text(page, link_in)


def _words(cell: str) -> list[str]:
    plain = re.sub(r"\s*\([^)]*\)", "", cell)
    return [word.strip().lower() for word in re.split(r"[,:]", plain) if re.search("[a-z]", word)]


def _anchor(cell: str) -> str:
    words = _words(cell)
    return "word-" + re.sub(r"[^a-z0-9]+", "-", words[0]) if words else ""


def _plain(text: str) -> str:
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text).replace("`", "")
