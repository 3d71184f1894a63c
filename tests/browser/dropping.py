"""Drops files on a page."""

from pathlib import Path

from playwright.sync_api import Locator


def drop(area: Locator, *paths: Path) -> None:
    """Drops files or folders of the disk on an area, as the browser does it itself."""
    box = area.bounding_box()
    assert box is not None
    session = area.page.context.new_cdp_session(area.page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        where = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
        session.send("Input.dispatchDragEvent", {"type": kind, **where, "data": data})
