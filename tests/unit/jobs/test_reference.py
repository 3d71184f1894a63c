import os
from pathlib import Path

import fsspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.errors import PayloadTooLarge, UnreachableReference
from jobs.reference import Reference, without_login

names = st.binary(min_size=1, max_size=20).map(lambda name: "/" + os.fsdecode(name.replace(b"\0", b"/")))
urls = st.text(st.characters(codec="utf-8", exclude_characters="#"), max_size=20).map("s3://bucket/{}".format)
parts = st.one_of(
    st.just((0, None)), st.tuples(st.integers(0, 10**12), st.integers(1, 10**9)).map(lambda pair: (pair[0], pair[1]))
)


@given(names | urls, parts)
def test_a_reference_survives_being_written(location: str, part: tuple[int, int | None]) -> None:
    reference = Reference(location, *part)
    assert Reference.parse(str(reference)) == reference
    assert "://" in str(reference)


def test_a_part_of_a_file_is_read_alone(tmp_path: Path) -> None:
    file = tmp_path / "shard.tar"
    file.write_bytes(b"headPHOTOtail")
    assert Reference(str(file), 4, 5).read(5) == b"PHOTO"


def test_more_bytes_than_allowed_are_not_read(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"12345")
    assert Reference(str(file)).read(5) == b"12345"
    for reference in (Reference(str(file)), Reference(str(file), 0, 5)):
        with pytest.raises(PayloadTooLarge):
            reference.read(4)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnreachableReference):
        Reference(str(tmp_path / "pipe")).read(5)


def test_an_unknown_protocol_cannot_be_reached() -> None:
    with pytest.raises(UnreachableReference):
        Reference("gopher3://x/y").read(5)


def test_a_part_of_an_object_is_read_alone() -> None:
    fsspec.filesystem("memory").pipe("/parts/shard.tar", b"headPHOTOtail")
    assert Reference("memory://parts/shard.tar", 4, 5).read(5) == b"PHOTO"
    with pytest.raises(PayloadTooLarge):
        Reference("memory://parts/shard.tar", 4, 5).read(4)


class Broken(fsspec.AbstractFileSystem):  # type: ignore[misc]
    def open(self, path: str, *_: object, **__: object) -> None:
        raise RuntimeError(f"no luck with broken://user:se%40cret@host/{path}, user:se@cret@host")

    def cat_file(self, *_: object, **__: object) -> bytes:
        return b"more than was asked for"


@pytest.fixture
def broken() -> str:
    fsspec.register_implementation("broken", Broken, clobber=True)
    return "broken://user:se%40cret@host/a.jpg"


def test_whatever_a_file_system_raises_is_no_accident_and_tells_no_password(broken: str) -> None:
    with pytest.raises(UnreachableReference, match="no luck") as unread:
        Reference(broken).read(5)
    assert "cret" not in str(unread.value)


def test_a_server_that_gives_no_parts_is_not_believed(broken: str) -> None:
    with pytest.raises(UnreachableReference, match="parts"):
        Reference(broken, 4, 5).read(5)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("ftp://user:secret@host/a@b.jpg", "ftp://host/a@b.jpg"),
        ("s3://bucket/a:b@c.jpg", "s3://bucket/a:b@c.jpg"),
        ("https://host?to=a@b", "https://host?to=a@b"),
        ("/photos/a@b.jpg", "/photos/a@b.jpg"),
    ],
)
def test_a_login_is_left_out_and_nothing_else(url: str, told: str) -> None:
    assert without_login(url) == told


@pytest.mark.parametrize("part", ["5-3", "3-2"])
def test_a_part_that_ends_before_it_begins_is_not_read(tmp_path: Path, part: str) -> None:
    (tmp_path / "a").write_bytes(b"0123456789")
    with pytest.raises(UnreachableReference, match="no bytes"):
        Reference.parse(f"file://{tmp_path}/a#bytes={part}").read(5)


@pytest.mark.parametrize("part", ["8-10", "10-12", "999999999999999990-999999999999999991"])
def test_a_part_beyond_the_end_of_the_file_is_no_shorter_part(tmp_path: Path, part: str) -> None:
    (tmp_path / "a").write_bytes(b"0123456789")
    with pytest.raises(UnreachableReference):
        Reference.parse(f"file://{tmp_path}/a#bytes={part}").read(5)


def test_a_part_that_is_too_large_is_refused_before_it_is_read() -> None:
    with pytest.raises(PayloadTooLarge):
        Reference.parse("file:///no-such-file#bytes=0-5").read(5)


@pytest.mark.parametrize("part", ["-3-5", "1-", "x", "1" * 5000 + "-2", "\u0661-\u0662"])
def test_what_is_no_part_belongs_to_the_name(part: str) -> None:
    assert Reference.parse(f"s3://bucket/a#bytes={part}").location == f"s3://bucket/a#bytes={part}"


@pytest.mark.parametrize(
    "url",
    [
        "file:///a%00.jpg",
        "file:///a\0.jpg",
        "s3://bucket/a%00.jpg",
        "s3://bucket/a\ud800.jpg",
        "file:///%ff.jpg",
        "file:///a\ud800.jpg",
        "/a\ud800.jpg",
        f"file:///{'a' * 9999}",
    ],
)
def test_a_name_that_no_file_can_have_is_an_error_that_can_be_written(url: str) -> None:
    with pytest.raises(UnreachableReference) as refused:
        Reference.parse(url).read(5)
    assert str(refused.value).encode()


def test_a_percent_sign_in_the_name_of_a_local_file_is_no_escape(tmp_path: Path) -> None:
    (tmp_path / "a%00.jpg").write_bytes(b"photo")
    reference = Reference(str(tmp_path / "a%00.jpg"))
    assert reference.read(5) == b"photo"
    assert Reference.parse(str(reference)).read(5) == b"photo"
    with pytest.raises(UnreachableReference, match="zero byte"):
        Reference.parse(f"file://{tmp_path}/a%00.jpg").check()


def test_a_login_that_is_no_text_is_left_out() -> None:
    assert without_login("s3://me\ud800:secret@host/a.jpg") == "s3://host/a.jpg"
