import logging
from pathlib import Path

import cv2
import numpy as np
import pytest

from bulk.errors import InvalidSource
from bulk.inputs import Input
from bulk.pictures import MOST_NAME_BYTES, PictureFolder, picture_name
from bulk.sources import open_source
from jobs.reference import Reference
from models.imaging.decode import decode
from pipelines.chunk import Item
from pipelines.sample import Sample, SampleObject

FOUND = Item(sample=Sample(objects=[SampleObject(bbox=(0.2, 0.2, 0.6, 0.8))]))


def photo(folder: Path, name: str = "one.png") -> Input:
    cv2.imwrite(str(folder / name), np.full((400, 700, 3), 90, np.uint8))
    return Input(f"sub/{name}", Reference(str(folder / name)))


def test_each_photo_has_a_picture_under_its_name(tmp_path: Path) -> None:
    PictureFolder(tmp_path / "pictures", 10**6).write([(photo(tmp_path), FOUND)])
    drawn = decode((tmp_path / "pictures" / "sub" / "one.png.jpg").read_bytes())
    assert drawn.shape == (400, 700, 3)
    assert (drawn[80:320:40, 138:143].astype(int).max(axis=(1, 2)) > 120).all(), "the left side of the box"


def test_a_photo_that_is_gone_has_no_picture_and_the_others_have(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gone = Input("gone.jpg", Reference(str(tmp_path / "gone.jpg")))
    with caplog.at_level(logging.WARNING):
        PictureFolder(tmp_path / "pictures", 10**6).write([(gone, FOUND), (photo(tmp_path), FOUND)])
    assert [path.name for path in (tmp_path / "pictures").rglob("*.jpg")] == ["one.png.jpg"]
    assert "cannot be read again" in caplog.text
    assert "gone.jpg" not in caplog.text


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a/b.jpg", "a/b.jpg"),
        ("a/b.PNG", "a/b.PNG.jpg"),
        ("../../etc/passwd", "etc/passwd.jpg"),
        ("/abs/./x.jpeg", "abs/x.jpeg"),
        ("s3://bucket/x.webp", "bucket/x.webp.jpg"),
        ("..", "photo.jpg"),
        ("", "photo.jpg"),
        ("shard.tar/member.jpg", "shard.tar/member.jpg"),
    ],
)
def test_a_picture_never_leaves_its_folder(name: str, path: str) -> None:
    assert str(picture_name(name)) == path


def test_long_names_are_cut_off_and_stay_different() -> None:
    one, other = (picture_name("ä" * 300 + end) for end in ("1", "2"))
    assert one != other
    assert len(one.name.encode()) < MOST_NAME_BYTES + 30


def test_pictures_among_the_photos_would_be_photos_of_the_next_run(tmp_path: Path) -> None:
    photo(tmp_path)
    source = open_source(str(tmp_path), "path")
    with pytest.raises(InvalidSource, match="inside the folder of the photos"):
        PictureFolder(tmp_path / "pictures", 1).require_outside(source)
    PictureFolder(tmp_path.parent / "pictures", 1).require_outside(source)
    # A photo that is named alone is no folder that is read again.
    PictureFolder(tmp_path / "pictures", 1).require_outside(open_source(str(tmp_path / "one.png"), "path"))
