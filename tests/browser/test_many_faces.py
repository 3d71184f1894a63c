"""Forty faces on one photo: what a pointer that moves costs does not grow with their number.

Work is counted, not timed: each label that is drawn measures its text once.
"""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visits
from tests.integration.conftest import PHOTOS, Deployment

pytestmark = [pytest.mark.stack, pytest.mark.weights]

COLUMNS, ROWS, SIDE = 8, 5, 200
FACES = COLUMNS * ROWS
COUNT = """
window.drawn = 0;
const measure = CanvasRenderingContext2D.prototype.measureText;
CanvasRenderingContext2D.prototype.measureText = function (text) {
  window.drawn += 1;
  return measure.call(this, text);
};
"""


def crowd() -> dict[str, Any]:
    """A photo of forty faces."""
    names = ("collins.jpg", "macron.jpg", "ardern.jpg", "obama_senate.jpg", "obama_speech.jpg")
    tiles = []
    for name in names:
        with Image.open(PHOTOS / name) as photo:
            width, height = photo.size
            tiles.append(photo.convert("RGB").resize((SIDE, SIDE * height // width)).crop((0, 0, SIDE, SIDE)))
    drawn = Image.new("RGB", (COLUMNS * SIDE, ROWS * SIDE), "grey")
    for index in range(FACES):
        drawn.paste(tiles[index % len(tiles)], (index % COLUMNS * SIDE, index // COLUMNS * SIDE))
    encoded = io.BytesIO()
    drawn.save(encoded, "JPEG", quality=92)
    return {"name": "crowd.jpg", "mimeType": "image/jpeg", "buffer": encoded.getvalue()}


@pytest.fixture(scope="module")
def page(visits: Visits, deployment: Deployment) -> Iterator[Page]:
    """The page with the photo."""
    with visits(deployment.stack.url) as visit:
        visit.page.add_init_script(COUNT)
        page = visit.open()
        page.get_by_role("button", name="Face analysis", exact=True).click()
        page.locator("main input[type=file]").first.set_input_files(crowd())
        expect(page.locator(".face-card")).to_have_count(FACES)
        yield page


def drawn_by(page: Page, act: Any) -> int:
    """How many faces are drawn while something is done."""
    settled = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(window.drawn))))"
    before = int(page.evaluate(settled))
    act()
    return int(page.evaluate(settled)) - before


def test_a_pointer_draws_only_the_faces_that_it_enters_and_leaves(page: Page) -> None:
    page.mouse.move(1, 1)
    first, second = (page.locator(f"svg .face[data-face='{index}'] .face-hit").bounding_box() for index in (0, 1))
    assert first is not None
    assert second is not None

    def cross() -> None:
        for box in (first, second):
            page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=10)

    # Into one, out of it, into the other, and the steps between them.
    assert 2 <= drawn_by(page, cross) <= 2 * COLUMNS
    inside = (first["x"] + first["width"] / 2, first["y"] + first["height"] / 2)
    page.mouse.move(*inside)

    def wander() -> None:
        for step in range(20):
            page.mouse.move(inside[0] + step % 3, inside[1] + step % 2)

    assert drawn_by(page, wander) == 0


def test_a_choice_draws_the_faces_whose_state_changes(page: Page) -> None:
    page.locator("svg .face[data-face='3'] .face-hit").click()
    expect(page.locator(".face-card.chosen")).to_have_attribute("data-face", "3")
    choose = page.locator("svg .face[data-face='4'] .face-hit").click
    assert 1 <= drawn_by(page, choose) <= 2 * COLUMNS
    expect(page.locator("svg .face.chosen")).to_have_attribute("data-face", "4")


def test_zooming_draws_each_face_once_and_layers_no_face_twice(page: Page) -> None:
    # On its way to the button the pointer crosses some.
    assert FACES <= drawn_by(page, page.get_by_role("button", name="Zoom in").click) <= FACES + COLUMNS
    assert FACES <= drawn_by(page, page.get_by_role("button", name="Axes").click) <= FACES + COLUMNS
    expect(page.locator(".axis")).to_have_count(3 * FACES)
