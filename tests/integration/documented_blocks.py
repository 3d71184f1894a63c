"""The blocks of code on the pages of the documentation, and what the pages say that they print.

A fenced block of `sh` or `python` is run, in the order of its page. A block of `text` right after it is what it prints:
`…` is anything within a line, and `about` comes before a number that differs between processors. A block that a
test cannot run has a comment before it: `<!-- not run: reason -->`.
"""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
URL = "http://127.0.0.1:8000"
END = "-- end of a block --"
LANGUAGES = ("sh", "python")
_BLOCK = re.compile(
    r"^(?:<!-- not run: (?P<reason>[^\n]+) -->\n+)?```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Block:
    """A block that is run, or that says why it is not.

    Attributes:
        language: of the code, `sh`, `python` or `console`.
        code: of the block.
        shown: what it prints, as the page says; None if the page does not say it.
        reason: why it is not run; None if it is.
    """

    language: str
    code: str
    shown: str | None
    reason: str | None

    @property
    def script(self) -> str:
        """The lines for a shell."""
        if self.language == "python":
            return f"python3 -c {shlex.quote(self.code)}"
        return self.code.rstrip("\n")


def blocks(page: str) -> list[Block]:
    """The blocks of a page that have a language which can be run."""
    found: list[Block] = []
    end = 0
    for match in _BLOCK.finditer(page):
        language, text = match["language"], match["text"]
        if language == "text" and found and not page[end : match.start()].strip():
            found[-1] = Block(found[-1].language, found[-1].code, text, found[-1].reason)
        elif language in (*LANGUAGES, "console"):
            found.append(Block(language, text, None, match["reason"]))
            end = match.end()
    return found


def pages() -> list[Path]:
    """All pages whose blocks could be run: decisions and changelogs report, and are not repeated."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "bench" / "README.md"]
    return sorted(page for page in found if page.parent.name != "decisions" and page.name != "CHANGELOG.md")


def has_output(page: Path) -> bool:
    """Whether a page says what one of its blocks prints."""
    return any(block.shown is not None or block.language == "console" for block in blocks(page.read_text()))


def as_pattern(shown: str) -> str:
    """The regular expression of an output in which `…` is anything within a line, and `about` a number."""
    return re.sub(r"about\\ [\d\\.]+", r"about [\\d.]+", re.escape(shown.strip()).replace("…", "[^\n]*"))
