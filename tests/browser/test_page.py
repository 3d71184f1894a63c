import gzip
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from config.settings import load_settings
from models.errors import ModelError
from tests.browser.axe import axe_script
from tests.browser.conftest import Visit, Visits
from tests.integration.conftest import Deployment

pytestmark = [pytest.mark.stack, pytest.mark.weights]

VIEWS = ["analyse", "verify", "batches", "jobs", "system"]
MOST_COMPRESSED_BYTES = 120_000


def with_a_face(page: Page) -> None:
    page.get_by_role("button", name="Enrolment", exact=True).click()
    page.get_by_role("button", name="Astronaut").click()
    page.locator(".face-card .face-body").wait_for()


@pytest.fixture(scope="session")
def axe() -> str:
    try:
        return axe_script(load_settings().weights_dir)
    except ModelError as error:
        pytest.skip(f"axe cannot be pulled: {error}")


def barriers(page: Page, axe: str) -> list[Any]:
    page.evaluate(axe + "; undefined")
    options = {"resultTypes": ["violations"], "preload": False}
    found = page.evaluate("async (options) => (await axe.run(document, options)).violations", options)
    return [
        (barrier["id"], [node["html"][:120] for node in barrier["nodes"]])
        for barrier in found
        if barrier["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_barrier_on_any_view(
    visits: Visits, deployment: Deployment, axe: str, scheme: str
) -> None:
    with visits(deployment.stack.url, color_scheme=scheme) as visit:
        for view in VIEWS:
            page = visit.open(view)
            page.wait_for_timeout(300)
            assert barriers(page, axe) == [], view
        page = visit.open("analyse")
        with_a_face(page)
        assert barriers(page, axe) == []
        for tab in ("JSON", "Code"):
            page.get_by_role("button", name=tab, exact=True).click()
            assert barriers(page, axe) == [], tab
        page.get_by_role("button", name="Custom", exact=True).click()
        assert barriers(page, axe) == [], "custom"


def test_dark_and_light_follow_the_system_until_one_is_chosen(visits: Visits, deployment: Deployment) -> None:
    with visits(deployment.stack.url, color_scheme="dark") as visit:
        page = visit.open()
        body = page.locator("body")
        expect(body).to_have_css("background-color", "rgb(14, 18, 21)")
        page.get_by_role("button", name=re.compile("Theme")).click()
        expect(body).to_have_css("background-color", "rgb(245, 246, 247)")
        page.reload()
        page.locator("main h1").wait_for()
        expect(body).to_have_css("background-color", "rgb(245, 246, 247)")


def test_no_view_is_wider_than_a_narrow_screen(visits: Visits, deployment: Deployment) -> None:
    with visits(deployment.stack.url, viewport={"width": 360, "height": 740}) as visit:
        for view in VIEWS:
            page = visit.open(view)
            page.wait_for_timeout(200)
            assert page.evaluate("document.documentElement.scrollWidth") <= 360, view
        page = visit.open("analyse")
        with_a_face(page)
        for tab in ("JSON", "Code", "Faces"):
            page.get_by_role("button", name=tab, exact=True).click()
            assert page.evaluate("document.documentElement.scrollWidth") <= 360, tab
        for view in VIEWS:
            link = page.get_by_role("link", name=view.capitalize(), exact=True)
            box = link.bounding_box()
            assert box is not None
            assert box["x"] + box["width"] <= 360, view


def test_a_photo_is_analysed_with_the_keyboard_alone(visit: Visit) -> None:
    page = visit.open()

    def focused(name: str) -> bool:
        return bool(page.evaluate("name => document.activeElement?.textContent?.trim().startsWith(name)", name))

    def tab_to(name: str) -> None:
        for _ in range(60):
            if focused(name):
                return
            page.keyboard.press("Tab")
        pytest.fail(f"the keyboard does not reach {name}")

    tab_to("Skip to content")
    page.keyboard.press("Enter")
    tab_to("Astronaut")
    page.keyboard.press("Enter")
    page.locator(".face-card").wait_for()
    tab_to("Face 1")
    expect(page.locator(".face-body")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator(".face-body")).to_have_count(0)
    tab_to("Erase now")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Drop photos here")).to_be_visible()


def test_a_server_that_is_gone_is_reported_until_it_is_back(visit: Visit) -> None:
    visit.expected = ("ERR_FAILED",)
    page = visit.open()
    page.route("**/jobs/image", lambda route: route.abort())
    page.get_by_role("button", name="Astronaut").click()
    expect(page.get_by_role("alert")).to_contain_text("does not answer")
    expect(page.locator(".banner")).to_contain_text("does not answer")
    page.unroute("**/jobs/image")
    expect(page.locator(".banner")).to_have_count(0, timeout=20_000)
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".face-card")).to_have_count(1)


def test_the_policy_allows_no_inline_code_and_no_other_host(visit: Visit, deployment: Deployment) -> None:
    response = deployment.client.get("/")
    policy = response.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "http" not in policy
    assert policy.startswith("default-src 'none'")
    visit.expected = ("Content Security Policy",)
    blocked = visit.open().evaluate(
        """() => new Promise((resolve) => {
          document.addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective));
          const image = new Image();
          image.src = "http://127.0.0.2:1/x.png";
        })"""
    )
    assert blocked == "img-src"
    visit.foreign.clear()  # the browser reports the request that it blocked


def test_the_page_weighs_little(deployment: Deployment) -> None:
    page = deployment.client.get("/")
    paths = set(re.findall(r'(?:href|src)="\./(console/[^"]+)"', page.text))
    assert len(paths) > 20
    total = len(gzip.compress(page.content))
    for path in paths:
        file = deployment.client.get(f"/{path}", headers={"Accept-Encoding": "gzip"})
        assert file.status_code == 200, path
        total += int(file.headers["content-length"])
    assert total <= MOST_COMPRESSED_BYTES


def test_only_styles_block_the_first_paint_and_no_module_is_found_late(visit: Visit) -> None:
    page = visit.open()
    entries = page.evaluate(
        """() => performance.getEntriesByType("resource").map(({ name, renderBlockingStatus, initiatorType }) =>
             ({ name, blocking: renderBlockingStatus === "blocking", initiatorType }))"""
    )
    blocking = [entry["name"] for entry in entries if entry["blocking"]]
    assert all(name.endswith(".css") for name in blocking), blocking
    assert len(blocking) <= 6
    preloaded = page.evaluate("[...document.querySelectorAll('link[rel=modulepreload]')].map((link) => link.href)")
    scripts = {entry["name"] for entry in entries if entry["name"].endswith((".js", ".mjs"))}
    assert scripts <= set(preloaded)
    assert not [entry["name"] for entry in entries if entry["name"].endswith((".woff2", ".ttf"))]
    assert page.evaluate("performance.getEntriesByName('first-contentful-paint').length") == 1


def test_files_are_kept_for_ever_and_the_page_is_asked_for_again(deployment: Deployment) -> None:
    page = deployment.client.get("/")
    assert page.headers["cache-control"] == "no-cache"
    again = deployment.client.get("/", headers={"If-None-Match": page.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""
    path = re.findall(r'src="\./(console/[^"]+/app.js)"', page.text)[0]
    file = deployment.client.get(f"/{path}")
    assert "immutable" in file.headers["cache-control"]
    assert file.headers["content-type"] == "text/javascript; charset=utf-8"
    missing = deployment.client.get("/console/another-version/app.js")
    assert (missing.status_code, missing.json()["type"]) == (404, "not_found")
