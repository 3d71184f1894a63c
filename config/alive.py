"""The file by which probes see that a process works; `FACELINE_ALIVE_FILE` names it."""

from logging import getLogger
from pathlib import Path

log = getLogger(__name__)


def renew(path: Path | None, state: str) -> None:
    """Write the file of a process that works. A file that cannot be written is logged: the process works all the same.

    Args:
        path: of the file; None if no probe looks.
        state: what probes read; see `embedded.probe`.
    """
    if path is None:
        return
    try:
        path.write_text(state)
    except OSError as error:
        log.warning("file for probes cannot be written", extra={"error": str(error)})
