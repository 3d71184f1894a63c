import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import PayloadTooLarge, UnreachableReference
from pipelines.reference import Reference

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
