from pathlib import Path

import cv2
import numpy as np
import pytest

from config.settings import LimitSettings
from jobs.errors import PayloadTooLarge, UnreachableReference
from jobs.reference import Reference
from models.errors import ImageTooLarge, InvalidImage, InvalidRequest
from workers.references import References, is_far

PHOTO = cv2.imencode(".png", np.zeros((20, 40, 3), np.uint8))[1].tobytes()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "a.png").write_bytes(PHOTO)
    (tmp_path / "secret.png").write_bytes(PHOTO)
    return folder


def read(root: Path, path: Path | str, limits: LimitSettings | None = None) -> bytes:
    return References([str(root)], limits or LimitSettings()).read(str(Reference(str(path))))


def test_an_image_under_a_root_is_read(root: Path) -> None:
    assert read(root, root / "deep" / "a.png") == PHOTO


def test_nothing_is_read_where_no_root_is_allowed(root: Path) -> None:
    with pytest.raises(UnreachableReference):
        References([], LimitSettings()).read(str(Reference(str(root / "deep" / "a.png"))))


@pytest.mark.parametrize("path", ["../secret.png", "deep/../../secret.png"])
def test_no_way_up_leads_out_of_a_root(root: Path, path: str) -> None:
    with pytest.raises(UnreachableReference, match="outside"):
        read(root, f"{root}/{path}")


def test_no_link_leads_out_of_a_root(root: Path) -> None:
    (root / "link.png").symlink_to(root.parent / "secret.png")
    (root / "folder").symlink_to(root.parent)
    for path in ("link.png", "folder/secret.png"):
        with pytest.raises(UnreachableReference, match="outside"):
            read(root, root / path)


def test_a_folder_whose_name_begins_like_a_root_is_outside(root: Path) -> None:
    beside = root.parent / "root-2"
    beside.mkdir()
    (beside / "a.png").write_bytes(PHOTO)
    with pytest.raises(UnreachableReference, match="outside"):
        read(root, beside / "a.png")


@pytest.mark.parametrize("name", ["deep", "deep/missing.png"])
def test_what_is_no_file_cannot_be_reached(root: Path, name: str) -> None:
    with pytest.raises(UnreachableReference, match="cannot be read"):
        read(root, root / name)


def test_an_image_by_reference_is_held_to_the_limits(root: Path) -> None:
    photo = root / "deep" / "a.png"
    with pytest.raises(ImageTooLarge):
        read(root, photo, LimitSettings(pixels=799))
    with pytest.raises(PayloadTooLarge):
        read(root, photo, LimitSettings(image_bytes=len(PHOTO) - 1))
    assert read(root, photo, LimitSettings(pixels=800, image_bytes=len(PHOTO))) == PHOTO


def test_what_is_no_image_is_not_given_away(root: Path) -> None:
    (root / "passwords.png").write_text("root:x:0:0")
    with pytest.raises(InvalidImage):
        read(root, root / "passwords.png")


@pytest.mark.parametrize(
    "url",
    [
        "s3://bucket/photos/../secrets/a.png",
        "s3://bucket/photos/%2E%2e/secrets/a.png",
        "s3://bucket/photos-2/a.png",
        "s3://other/photos/a.png",
        "s3://bucket/photos/a::file:///etc/passwd",
        "https://bucket/photos/a.png",
    ],
)
def test_urls_outside_the_allowed_prefix_are_not_asked_for(url: str) -> None:
    with pytest.raises(UnreachableReference, match="outside"):
        References(["s3://bucket/photos/"], LimitSettings()).read(url)


@pytest.mark.parametrize(
    "tail", ["%00.png", "%ff%fe.png", "x" * 9999, "x/" * 9999, "a.png#bytes=5-3", "a.png#bytes=99999-100000"]
)
def test_a_strange_reference_is_an_error_of_the_request(root: Path, tail: str) -> None:
    for name in (f"file://{root}/deep/{tail}", f"file:///{tail}"):
        assert is_far(name) is False
        with pytest.raises(InvalidRequest):
            References([str(root)], LimitSettings()).read(name)


def test_a_part_of_a_file_that_is_not_an_image_of_its_own_is_not_read_whole(root: Path) -> None:
    whole = f"file://{root}/deep/a.png"
    last = len(PHOTO) - 1
    assert References([str(root)], LimitSettings()).read(f"{whole}#bytes=0-{last}") == PHOTO
    with pytest.raises(UnreachableReference):
        References([str(root)], LimitSettings()).read(f"{whole}#bytes=0-{last + 1}")


def test_an_image_that_would_fill_the_memory_is_refused_by_its_header(root: Path) -> None:
    deep = cv2.imencode(".png", np.zeros((20, 40, 4), np.uint16))[1].tobytes()
    (root / "deep.png").write_bytes(deep)
    limits = LimitSettings(decoded_bytes=20 * 40 * 8)
    assert read(root, root / "deep.png", limits) == deep
    with pytest.raises(ImageTooLarge, match="8 bits"):
        read(root, root / "deep.png", LimitSettings(decoded_bytes=20 * 40 * 8 - 1))
