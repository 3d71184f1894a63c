import gzip
import io
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.settings import BatchSettings
from jobs.batches import archives
from jobs.batches.archives import ArchiveMember, InvalidArchive, read_archive
from jobs.errors import PayloadTooLarge
from models.errors import InvalidRequest

BOUNDS = BatchSettings(members=20, unpacked_bytes=8 * 2**20, ratio=50)
IMAGE_BYTES = 1000
FILES = [("a.jpg", b"one"), ("folder/b.png", b"two" * 100), ("ü.bmp", b"")]


def zipped(files: Sequence[tuple[str | zipfile.ZipInfo, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", method) as archive:
        for name, content in files:
            archive.writestr(name, content, method)
    return held.getvalue()


def tarred(files: Sequence[tuple[str | tarfile.TarInfo, bytes]], *, packed: bool = False) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        for name, content in files:
            entry = tarfile.TarInfo(name) if isinstance(name, str) else name
            entry.size = entry.size or len(content)
            archive.addfile(entry, io.BytesIO(content) if content else None)
    return gzip.compress(held.getvalue()) if packed else held.getvalue()


def gzipped(files: Sequence[tuple[str | tarfile.TarInfo, bytes]]) -> bytes:
    return tarred(files, packed=True)


KINDS = pytest.mark.parametrize("pack", [zipped, tarred, gzipped])
Pack = Callable[[Sequence[tuple[str, bytes]]], bytes]


def read(body: bytes) -> list[ArchiveMember]:
    return list(read_archive(body, BOUNDS, IMAGE_BYTES))


def refusal(body: bytes) -> str:
    with pytest.raises(InvalidArchive) as refused:
        read(body)
    return str(refused.value)


def special(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, link
    return entry


def zip_special(name: str, mode: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr = 3, (mode | 0o644) << 16
    return entry


@KINDS
def test_files_come_out_as_they_went_in(pack: Pack) -> None:
    assert [(member.name, member.image) for member in read(pack(FILES))] == FILES


@KINDS
def test_hidden_files_and_those_of_a_mac_are_left_out(pack: Pack) -> None:
    bystanders = [(name, b"x") for name in (".DS_Store", "a/.hidden", "__MACOSX/._a.jpg", "b/__MACOSX/c")]
    members = read(pack([*bystanders, ("a.jpg", b"one")]))
    assert [(member.name, member.index) for member in members] == [("a.jpg", 5)]


def test_folders_are_no_files() -> None:
    assert read(zipped([("folder/", b"")])) == []
    assert read(tarred([(special("folder", tarfile.DIRTYPE), b"")])) == []


def test_a_tar_of_the_current_folder_holds_no_hidden_files() -> None:
    (member,) = read(tarred([(special("./", tarfile.DIRTYPE), b""), ("./a.jpg", b"one")]))
    assert member.image == b"one"


@KINDS
def test_an_image_that_is_too_large_is_told_without_being_read(pack: Pack) -> None:
    members = read(pack([("small", b"x" * IMAGE_BYTES), ("large", b"x" * (IMAGE_BYTES + 1)), ("last", b"z")]))
    assert [member.image for member in members] == [b"x" * IMAGE_BYTES, None, b"z"]


@KINDS
@pytest.mark.parametrize(
    "name", ["../a", "a/../../b", "/etc/passwd", "C:\\a", "c:a", "\\\\host\\a", "a\\..\\b", "..", "a/..", "n" * 513]
)
def test_a_name_that_points_out_of_the_archive_refuses_all_of_it(pack: Pack, name: str) -> None:
    assert refusal(pack([("a.jpg", b"one"), (name, b"x")]))


@KINDS
def test_dots_inside_a_name_are_harmless(pack: Pack) -> None:
    assert len(read(pack([("a..b.jpg", b"1"), ("b../c", b"2")]))) == 2


@pytest.mark.parametrize(
    "entry",
    [
        special("a", tarfile.SYMTYPE, "/etc/passwd"),
        special("a", tarfile.LNKTYPE, "b"),
        special("a", tarfile.CHRTYPE),
        special("a", tarfile.BLKTYPE),
        special("a", tarfile.FIFOTYPE),
        special("a", tarfile.GNUTYPE_SPARSE),
        special("a", b"Z"),
    ],
    ids=["symlink", "hardlink", "character device", "block device", "pipe", "holes", "unknown"],
)
def test_what_is_no_plain_file_refuses_a_tar(entry: tarfile.TarInfo) -> None:
    assert "link" in refusal(tarred([("b", b"one"), (entry, b"")]))


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK])
def test_what_is_no_plain_file_refuses_a_zip(mode: int) -> None:
    assert "link" in refusal(zipped([("b", b"one"), (zip_special("a", mode), b"/etc/passwd")]))


def test_an_encrypted_member_refuses_a_zip() -> None:
    body = bytearray(zipped([("a.jpg", b"one")]))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        body[body.index(signature) + offset] |= 1
    assert "encrypted" in refusal(bytes(body))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_method_whose_memory_the_sender_chooses_refuses_a_zip(method: int) -> None:
    assert "deflate" in refusal(zipped([("a.jpg", b"one")], method))


@KINDS
def test_too_many_members_are_refused(pack: Pack) -> None:
    with pytest.raises(PayloadTooLarge):
        read(pack([(str(index), b"") for index in range(BOUNDS.members + 1)]))


@pytest.mark.parametrize("pack", [zipped, gzipped])
def test_a_bomb_is_refused_before_it_goes_off(pack: Pack) -> None:
    assert "50 times" in refusal(pack([(str(index), bytes(2**20)) for index in range(4)]))


@KINDS
def test_an_archive_that_unpacks_to_too_much_is_refused(pack: Pack) -> None:
    noise = bytes(index * index % 251 for index in range(2**16)) * 16
    with pytest.raises((PayloadTooLarge, InvalidArchive)):
        read(pack([(str(index), noise) for index in range(10)]))


def test_a_zip_that_unpacks_the_same_bytes_again_and_again_is_a_bomb() -> None:
    """Entries that overlap, each within bounds for itself: what they claim together counts."""
    single = zipped([("a", bytes(2**20))])
    entry = single[single.index(b"PK\x01\x02") : single.index(b"PK\x05\x06")]
    data, count = single[: single.index(b"PK\x01\x02")], 7
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(entry) * count, len(data), 0)
    assert "times" in refusal(data + entry * count + end)


def test_the_list_of_a_zip_is_counted_before_it_is_read() -> None:
    with pytest.raises(PayloadTooLarge):
        read(b"PK\x03\x04" + b"PK\x01\x02" * (BOUNDS.members + 1))


@pytest.mark.parametrize("part_bytes", range(1, 9))
def test_entries_are_counted_once_each_wherever_the_parts_end(monkeypatch: pytest.MonkeyPatch, part_bytes: int) -> None:
    monkeypatch.setattr(archives, "_COUNTED_BYTES", part_bytes)
    allowed = zipped([(str(index), b"") for index in range(BOUNDS.members)])
    assert len(read(allowed)) == BOUNDS.members
    with pytest.raises(PayloadTooLarge):
        read(zipped([(str(index), b"") for index in range(BOUNDS.members + 1)]))


def test_a_header_of_a_tar_may_not_fill_the_memory() -> None:
    noise = bytes(index * index % 251 for index in range(2**16)) * 48
    assert "headers" in refusal(tarred([(special("././@LongLink", tarfile.GNUTYPE_LONGNAME), noise), ("a", b"x")]))


def test_headers_upon_headers_are_refused() -> None:
    note = tarred([(special("././@LongLink", tarfile.GNUTYPE_LONGNAME), b"n")])[:1024]
    assert refusal(note * 900 + tarred([("a", b"x")]))


@pytest.mark.parametrize("size", [2**30, 2**40, 2**80])
def test_a_member_that_claims_more_than_there_is_ends(size: int) -> None:
    entry = special("a", tarfile.REGTYPE)
    entry.size = size
    with pytest.raises((PayloadTooLarge, InvalidArchive)):
        read(entry.tobuf(tarfile.GNU_FORMAT) + bytes(1024))


def test_a_tar_with_a_negative_size_ends() -> None:
    body = bytearray(tarred([("a", b"one"), ("b", b"two")]))
    body[124:136] = b"\xff" * 11 + b"\x00"
    body[148:156] = b" " * 8
    body[148:156] = b"%06o\x00 " % sum(body[:512])
    assert refusal(bytes(body))


@pytest.mark.parametrize("body", [b"", b"x", b"PK\x03\x04", b"\x1f\x8b", b"\x1f\x8b\x08" + bytes(20), b"<html>" * 200])
def test_what_is_no_archive_is_refused(body: bytes) -> None:
    assert refusal(body)


@pytest.mark.parametrize("pack", [zipped, gzipped])
def test_an_archive_that_was_cut_off_is_refused(pack: Pack) -> None:
    body = pack([(str(index), bytes(range(200))) for index in range(5)])
    assert refusal(body[: len(body) // 2])


@settings(max_examples=400)
@given(st.data())
def test_damage_is_refused_by_name_or_does_not_matter(data: st.DataObject) -> None:
    body = bytearray(data.draw(st.sampled_from([zipped(FILES), tarred(FILES), gzipped(FILES)])))
    for _ in range(data.draw(st.integers(1, 6))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    with suppress(InvalidRequest):
        read(bytes(body))
