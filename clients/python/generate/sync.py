"""Writes `faceline_client/_sync` from `faceline_client/_async`: `python sync.py`, or `make client`.

The two clients do the same. One is written, and the other follows from it word by word.
"""

import re
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "faceline_client"

WORDS = {
    r"\basync (def|with|for) ": r"\1 ",
    r"\bawait ": "",
    r"\bAsyncIterator\b": "Iterator",
    r"\bAsyncBaseTransport\b": "BaseTransport",
    r"\bAsync(Client|Connection|Jobs|Batches)\b": r"\1",
    r"\b__a(enter|exit)__\b": r"__\1__",
    r"\baclose\b": "close",
    r"\b(sleep|in_thread)_async\b": r"\1_sync",
    r"\b_async\b": "_sync",
}
"""What the words of the one are in the other."""
TEXTS = {
    '"""The client for event loops. `faceline_client._sync` is made of it: `make client`."""': (
        '"""The client without an event loop. It is made of `faceline_client._async`: `make client`."""'
    ),
    "A client of the API, for event loops. `Client` is the same without one.": "A client of the API.",
    "for all requests of all tasks": "for all requests of all threads",
    "by many tasks at the same time": "by many threads at the same time",
}
"""What sentences of the one are in the other, after the words."""
MARK = "# Written by generate/sync.py. Do not change it by hand: `make client` renews it.\n"


def modules() -> Iterator[tuple[Path, str]]:
    """The modules of the client without an event loop: where each is, and its text."""
    for source in sorted((PACKAGE / "_async").glob("*.py")):
        yield PACKAGE / "_sync" / source.name, MARK + without_event_loop(source.read_text(encoding="utf-8"))


def without_event_loop(text: str) -> str:
    """A module without `async` and `await`."""
    for pattern, replacement in WORDS.items():
        text = re.sub(pattern, replacement, text)
    for sentence, other in TEXTS.items():
        text = text.replace(sentence, other)
    return text


if __name__ == "__main__":
    (PACKAGE / "_sync").mkdir(exist_ok=True)
    for path, text in modules():
        path.write_text(text, encoding="utf-8")
