"""The table of all metrics: `python -m metrics.page` prints it, and docs/metrics.md has it."""

import sys
from collections.abc import Iterator

from metrics import api, webhooks, worker
from metrics.declaration import PREFIX, Declared, ProcessMetrics


def tables() -> str:
    """The metrics of each kind of process, as tables in Markdown."""
    parts = [
        ("Of the API", api.METRICS),
        ("Of each worker", worker.METRICS),
        ("Of the process `webhooks`", webhooks.METRICS),
    ]
    return "\n\n".join("\n".join(_table(title, metrics)) for title, metrics in parts)


def _table(title: str, metrics: ProcessMetrics) -> Iterator[str]:
    yield f"## {title}\n"
    yield "| metric | kind | labels | what it measures |"
    yield "|---|---|---|---|"
    yield from (_row(declared) for declared in metrics.declared)


def _row(declared: Declared) -> str:
    labels = ", ".join(f"`{label}`" for label in declared.labels) or "–"
    return f"| `{PREFIX}{declared.name}` | {declared.kind} | {labels} | {declared.meaning} |"


if __name__ == "__main__":
    sys.stdout.write(tables() + "\n")
