"""Renews the screenshots of docs/console: `make screenshots`. They are of a real page, on a real deployment."""

import io
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from config.settings import load_settings
from embedded.stack import running_stack

FOLDER = Path(__file__).parent
PHOTOS = FOLDER.parents[1] / "tests" / "photos"
BATCH = ("collins.jpg", "macron.jpg", "ardern.jpg", "obama_senate.jpg", "obama_speech.jpg", "shuttle_model.jpg")
WIDE = {"width": 1360, "height": 860}
NARROW = {"width": 360, "height": 1240}


def take_all() -> None:
    """Take each screenshot on an embedded stack of its own."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        sys.exit("error: no browser: install chromium")
    with (
        tempfile.TemporaryDirectory(prefix="faceline-screenshots-") as data,
        (Path(data) / "log").open("w") as log,
        running_stack(load_settings().model_copy(update={"data_dir": Path(data)}), "127.0.0.1", 0, log) as stack,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--no-proxy-server"])
        _print_first_paint(browser, stack.url)
        _analyse(browser, stack.url)
        _verify(browser, stack.url)
        _batch(browser, stack.url, Path(data))
        _narrow(browser, stack.url)
        _dark(browser, stack.url)
        browser.close()


def _print_first_paint(browser: Browser, url: str) -> None:
    """Print how long the page takes to its first contentful paint, with an empty cache and with a full one."""
    paint = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
    with _page(browser, url) as page:
        times = [page.evaluate(paint)]
        page.reload()
        page.locator("main h1").wait_for()
        times.append(page.evaluate(paint))
    first, again = times
    sys.stdout.write(f"first contentful paint: {first:.0f} ms, with the files in the cache {again:.0f} ms\n")


def _analyse(browser: Browser, url: str) -> None:
    with _page(browser, f"{url}/#/analyse") as page:
        page.get_by_role("button", name="Three people").click()
        page.locator(".face-card").nth(2).wait_for()
        page.locator(".face-head").first.click()
        page.evaluate("scrollTo(0, 0)")
        _save(page, "analyse")


def _verify(browser: Browser, url: str) -> None:
    with _page(browser, f"{url}/#/verify", height=1450) as page:
        for side, sample in enumerate(("Senator", "Speech")):
            page.locator(".side").nth(side).get_by_role("button", name=sample).click()
        page.locator(".verdict, .verify-grid .notice").first.wait_for()
        _save(page, "verify")


def _batch(browser: Browser, url: str, folder: Path) -> None:
    (folder / "damaged.jpg").write_bytes(b"no photo")
    with _page(browser, f"{url}/#/batches", height=700) as page:
        page.get_by_role("button", name="Custom", exact=True).click()
        files = [*(PHOTOS / name for name in BATCH), folder / "damaged.jpg"]
        page.get_by_label("Choose files").set_input_files(files)
        page.get_by_text("Completed").wait_for()
        page.locator("tbody tr").nth(len(files) - 1).wait_for()
        _save(page, "batch")


def _narrow(browser: Browser, url: str) -> None:
    with _page(browser, f"{url}/#/analyse", **NARROW) as page:
        page.get_by_role("button", name="Astronaut").click()
        page.locator(".face-body").wait_for()
        _save(page, "narrow")


def _dark(browser: Browser, url: str) -> None:
    with _page(browser, f"{url}/#/analyse", scheme="dark") as page:
        page.get_by_role("button", name="Passport check", exact=True).click()
        page.get_by_role("button", name="Senator").click()
        page.locator(".face-body").wait_for()
        _save(page, "dark")


@contextmanager
def _page(
    browser: Browser, url: str, *, width: int = WIDE["width"], height: int = WIDE["height"], scheme: str = "light"
) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        device_scale_factor=1.5,
    )
    page = context.new_page()
    page.goto(url)
    page.locator("main h1").wait_for()
    yield page
    context.close()


def _save(page: Page, name: str) -> None:
    page.mouse.move(0, 0)
    page.wait_for_timeout(500)  # bars grow to their length
    with Image.open(io.BytesIO(page.screenshot())) as shot:
        shot.convert("RGB").save(FOLDER / f"{name}.webp", quality=82, method=6)


if __name__ == "__main__":
    take_all()
