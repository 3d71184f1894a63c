"""The JavaScript client on a page of another origin than the API."""

import shutil
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser

from clients.js.generate.renew import SOURCE
from tests.integration.conftest import Deploy, photo

pytestmark = [pytest.mark.stack, pytest.mark.weights]

PROGRAM = """
async (url) => {
  const { Client } = await import("./faceline.js");
  const photo = await (await fetch("photo.jpg")).blob();
  const client = new Client({ url, attempts: 1 });
  const sample = await client.analyse(new File([photo], "photo.jpg"), { preset: "face-analysis" });
  const items = [];
  for await (const item of client.batch([photo, new Blob(["no photo"])], { preset: "face-analysis" })) items.push(item);
  const refused = await client.submit(photo, { services: ["x"] }).catch((error) => error);
  return [sample.objects[0].gender,
    items.map(({ sample }) => sample !== null), refused.status, refused.requestId !== null];
}
"""
FORBIDDEN = """
async (url) => {
  const { Client } = await import("./faceline.js");
  return new Client({ url, attempts: 1 }).services().catch(({ name, type }) => [name, type]);
}
"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[str]:
    """The origin of a page with the client and a photo beside it."""
    shutil.copy(SOURCE, tmp_path)
    (tmp_path / "photo.jpg").write_bytes(photo())
    (tmp_path / "index.html").write_text("<!doctype html><title>A page</title>")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(tmp_path))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_page_of_an_allowed_origin_uses_the_client_and_no_other_page_does(
    browser: Browser, deploy: Deploy, origin: str
) -> None:
    with deploy(FACELINE_BROWSERS__ORIGINS=origin) as running, browser.new_context() as context:
        page = context.new_page()
        page.goto(origin)
        assert page.evaluate(PROGRAM, running.stack.url) == ["female", [True, False], 422, True]
        page.goto(origin.replace("127.0.0.1", "localhost"))
        assert page.evaluate(FORBIDDEN, running.stack.url) == ["NoAnswer", "no_answer"]
