import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit, Visits
from tests.integration.conftest import Deployment
from tests.waiting import until

pytestmark = [pytest.mark.stack, pytest.mark.weights]

KEEP_STREAMS = """
window.streams = [];
const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (asked) => {
  const stream = await open(asked);
  window.streams.push(stream);
  return stream;
};
"""
STATES = "window.streams.flatMap((stream) => stream.getTracks()).map((track) => track.readyState)"


def test_a_photo_of_the_camera_is_analysed_and_the_camera_is_closed(visits: Visits, deployment: Deployment) -> None:
    with visits(deployment.stack.url, permissions=["camera"]) as visit:
        visit.page.add_init_script(KEEP_STREAMS)
        page = visit.open()
        page.get_by_role("button", name="Camera", exact=True).click()
        until(lambda: page.evaluate("document.querySelector('dialog video')?.videoWidth > 0"))
        assert page.evaluate(STATES) == ["live"]
        page.get_by_role("button", name="Take photo").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.locator(".viewer-name")).to_have_text("camera.jpg")
        expect(page.get_by_role("status").filter(has_text="No face found")).to_be_visible()
        until(lambda: page.evaluate(f"{STATES}.join() === 'ended'"))


def test_a_camera_that_is_closed_without_a_photo_is_not_left_on(visits: Visits, deployment: Deployment) -> None:
    with visits(deployment.stack.url, permissions=["camera"]) as visit:
        visit.page.add_init_script(KEEP_STREAMS)
        page = visit.open()
        page.get_by_role("button", name="Camera", exact=True).click()
        until(lambda: page.evaluate("window.streams.length === 1"))
        page.keyboard.press("Escape")
        until(lambda: page.evaluate(f"{STATES}.join() === 'ended'"))
        expect(page.get_by_role("heading", name="Drop photos here")).to_be_visible()


def test_without_permission_the_dialog_says_what_is_needed(visit: Visit) -> None:
    page = visit.open()
    page.get_by_role("button", name="Camera", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("It needs permission")
    expect(page.get_by_role("button", name="Take photo")).to_have_count(0)
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
