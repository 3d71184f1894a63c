"""A real browser on the console of a real deployment."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from api.console.modules import PAGE_PACKAGES, modules_folder
from config.settings import load_settings
from tests.integration.conftest import Deploy, Deployment, deploy

__all__ = ["deploy"]

NAMES = "--host-resolver-rules=MAP *.example 127.0.0.1"
"""The names of other sites that tests play: all are this machine."""
# No test depends on the speed of the machine: what takes longer than this does not come any more.
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass
class Visit:
    """A page of the console, and what went wrong on it.

    Attributes:
        expected: parts of errors on the browser's console that a test causes on purpose.
    """

    page: Page
    url: str
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()

    def open(self, view: str = "analyse") -> Page:
        """Shows a view."""
        self.page.goto(f"{self.url}/#/{view}")
        self.page.locator("main h1").wait_for()
        return self.page

    def unexpected(self) -> list[str]:
        """The errors that no test causes."""
        return [error for error in self.errors if not any(part in error for part in self.expected)]


Visits = Callable[..., AbstractContextManager[Visit]]


@pytest.fixture(scope="package")
def deployment(deploy: Deploy) -> Iterator[Deployment]:
    """The deployment that these tests share."""
    with deploy(FACELINE_EMBEDDED_WORKERS="2") as running:
        yield running


# Not of the session: while it is open, no other test could run an event loop.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The browser of this machine."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f"no browser: install chromium (none of {', '.join(BROWSERS)} is on the PATH)")
    folder = modules_folder(load_settings().weights_dir)
    if not all(package.is_stored(folder) for package in PAGE_PACKAGES):
        if "CI" in os.environ:
            pytest.fail("the modules of the console are missing: run `faceline weights pull`")
        pytest.skip("the modules of the console are missing: run `faceline weights pull`")
    with sync_playwright() as playwright:
        # Without a sandbox: containers do not allow it, and only our own page is shown.
        # The camera is a drawing of the browser; pages still need the permission to use it.
        options = ["--no-sandbox", "--no-proxy-server", "--use-fake-device-for-media-stream", NAMES]
        running = playwright.chromium.launch(executable_path=path, args=options)
        yield running
        running.close()


@pytest.fixture(scope="package")
def visits(browser: Browser) -> Visits:
    """Opens pages: a page must end without errors, and without a request to another host."""

    @contextmanager
    def start(url: str, **options: Any) -> Iterator[Visit]:
        context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 860}, "reduced_motion": "reduce", **options}
        )
        context.set_default_timeout(PATIENCE_MS)
        visit = Visit(context.new_page(), url)
        host = urlsplit(url).netloc

        def requested(address: str) -> None:
            parts = urlsplit(address)
            if parts.scheme not in ("blob", "data") and parts.netloc != host:
                visit.foreign.append(address)

        visit.page.on("request", lambda request: requested(request.url))
        visit.page.on("pageerror", lambda error: visit.errors.append(str(error)))
        visit.page.on(
            "console",
            lambda message: visit.errors.append(message.text) if message.type in ("error", "warning") else None,
        )
        try:
            yield visit
        finally:
            context.close()
        assert visit.unexpected() == []
        assert visit.foreign == []

    return start


@pytest.fixture
def visit(visits: Visits, deployment: Deployment) -> Iterator[Visit]:
    """A page of the shared deployment."""
    with visits(deployment.stack.url) as started:
        yield started
