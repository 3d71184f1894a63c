import io
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.integration.conftest import PHOTOS, Deployment

pytestmark = [pytest.mark.stack, pytest.mark.weights]


@pytest.fixture
def page(visit: Visit, deployment: Deployment) -> Page:
    if "/verify" not in deployment.client.get("/openapi.json").json()["paths"]:
        pytest.skip("the API has no POST /verify")
    return visit.open("verify")


def put(page: Page, side: int, file: Any) -> None:
    page.locator(".side").nth(side).locator("input[type=file]").set_input_files(file)


def pair_of(*names: str) -> dict[str, Any]:
    """Photos side by side, the first one larger."""
    drawn = Image.new("RGB", (900, 540), "white")
    for index, name in enumerate(names):
        with Image.open(PHOTOS / name) as face:
            drawn.paste(face.resize((460, 540) if index == 0 else (230, 270)), (480 * index, 0))
    encoded = io.BytesIO()
    drawn.save(encoded, "JPEG", quality=92)
    return {"name": "pair.jpg", "mimeType": "image/jpeg", "buffer": encoded.getvalue()}


def test_two_photos_of_one_person_match(page: Page) -> None:
    put(page, 0, PHOTOS / "obama_senate.jpg")
    put(page, 1, PHOTOS / "obama_speech.jpg")
    expect(page.locator(".verdict")).to_contain_text("Same person")
    expect(page.locator(".verdict")).to_contain_text("threshold")
    expect(page.get_by_role("img", name="Error rates by distance")).to_be_visible()


def test_two_samples_are_compared_with_the_keyboard_alone(page: Page) -> None:
    for side, sample in enumerate(("Senator", "Speech")):
        button = page.locator(".side").nth(side).get_by_role("button", name=sample)
        for _ in range(60):
            if button.evaluate("button => button === document.activeElement"):
                break
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        # The button is gone: the keyboard goes on at the photo.
        expect(page.locator(".side").nth(side).get_by_role("heading")).to_be_focused()
    expect(page.locator(".verdict")).to_contain_text("Same person")


def test_two_people_do_not_match_at_any_operating_point(page: Page) -> None:
    put(page, 0, PHOTOS / "obama_senate.jpg")
    put(page, 1, PHOTOS / "macron.jpg")
    for point in ("Strict", "Convenience"):
        page.locator("label", has_text=point).click()
        expect(page.locator(".verdict")).to_contain_text(f"“{point.lower()}”")
        expect(page.locator(".verdict")).to_contain_text("Different people")


def test_another_face_of_a_photo_is_chosen(page: Page) -> None:
    put(page, 0, PHOTOS / "obama_senate.jpg")
    put(page, 1, pair_of("macron.jpg", "obama_speech.jpg"))
    expect(page.locator(".verdict")).to_contain_text("Different people")
    faces = page.get_by_role("group", name="Compare face").get_by_role("button")
    expect(faces).to_have_count(2)
    faces.and_(page.locator("[aria-pressed=false]")).click()
    expect(page.locator(".verdict")).to_contain_text("Same person")


def test_a_photo_without_a_face_is_not_compared(page: Page) -> None:
    put(page, 0, PHOTOS / "obama_senate.jpg")
    put(page, 1, PHOTOS / "shuttle_model.jpg")
    expect(page.get_by_role("alert")).to_contain_text("No face was found")


def test_a_refused_photo_says_why(page: Page, visit: Visit) -> None:
    visit.expected = ("422",)
    put(page, 0, PHOTOS / "obama_senate.jpg")
    put(page, 1, pair_of("macron.jpg", "obama_speech.jpg"))
    expect(page.locator(".verdict")).to_be_visible()
    page.get_by_label("Several faces").select_option("single")
    expect(page.locator(".verify-grid .notice")).to_contain_text("several faces")
