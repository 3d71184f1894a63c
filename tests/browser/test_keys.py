import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visits
from tests.integration.api_process import administration
from tests.integration.conftest import Deploy

pytestmark = [pytest.mark.stack, pytest.mark.weights]


def test_a_key_is_asked_for_and_a_wrong_one_is_refused(visits: Visits, deploy: Deploy) -> None:
    with deploy() as running:
        key = administration(running.stack.redis_url).create("console").reveal()
        with visits(running.stack.url) as visit:
            visit.expected = ("401",)
            page = visit.page
            page.goto(visit.url)
            dialog = page.get_by_role("dialog")
            expect(dialog).to_be_visible()
            dialog.get_by_role("textbox").fill("fl_wrong")
            page.get_by_role("button", name="Use this key").click()
            expect(dialog.get_by_role("alert")).to_contain_text("not accepted")
            dialog.get_by_role("textbox").fill(key)
            page.get_by_role("button", name="Use this key").click()
            page.get_by_role("button", name="Astronaut").click()
            expect(page.locator(".face-card")).to_have_count(1)
            assert key not in page.url
            assert page.evaluate("JSON.stringify(localStorage)").count(key) == 0
