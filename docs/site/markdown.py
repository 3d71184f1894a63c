"""Changes the text of a Markdown page, and leaves its code alone."""

import re
from collections.abc import Callable

_CODE = re.compile(
    r"^ *(?P<fence>```|~~~)[^\n]*\n.*?^ *(?P=fence) *$"
    r"|(?P<ticks>`+)(?!`)(?:(?!\n\n).)*?(?<!`)(?P=ticks)(?!`)"
    r"|<!--.*?-->",
    re.MULTILINE | re.DOTALL,
)
_LINK = re.compile(r"\]\(([^()\s]+)\)")


def change_text(page: str, change: Callable[[str], str]) -> str:
    """The page after `change` of each piece that is no fenced block, code span or comment."""
    parts, end = [], 0
    for code in _CODE.finditer(page):
        parts += [change(page[end : code.start()]), code[0]]
        end = code.end()
    return "".join([*parts, change(page[end:])])


def change_links(page: str, change: Callable[[str], str]) -> str:
    """The page after `change` of the target of each link and picture."""
    return change_text(page, lambda text: _LINK.sub(lambda link: f"]({change(link[1])})", text))


def links(page: str) -> list[str]:
    """The targets of all links and pictures of a page."""
    found: list[str] = []

    def note(target: str) -> str:
        found.append(target)
        return target

    change_links(page, note)
    return found
