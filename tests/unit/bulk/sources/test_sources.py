import io
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bulk.errors import InvalidSource
from bulk.passed_over import MOST_KINDS, PassedOver
from bulk.sources import open_source
from jobs.reference import Reference


def names(source: Path | str) -> list[str]:
    return [one.name for one in open_source(str(source), "path").inputs()]


def contents(source: Path | str, column: str = "path") -> dict[str, bytes]:
    return {one.name: one.reference.read(100) for one in open_source(str(source), column).inputs()}


def make_tar(path: Path, *members: str) -> None:
    with tarfile.open(path, "w") as tar:
        for name in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(name)
            tar.addfile(entry, io.BytesIO(name.encode()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.jpg", "a.PNG", "sub/c.webp", "sub/deep/d.jpeg", "notes.txt", ".hidden.jpg", ".cache/x.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def test_a_folder_gives_its_images_in_order_at_any_depth(folder: Path) -> None:
    assert names(folder) == ["a.PNG", "b.jpg", "sub/c.webp", "sub/deep/d.jpeg"]
    assert contents(folder)["sub/c.webp"] == b"sub/c.webp"


def passed_over(source: Path | str) -> dict[str, tuple[int, str]]:
    found = PassedOver()
    for _ in open_source(str(source), "path").inputs(found):
        pass
    return {kind: (entry["count"], entry["first"]) for kind, entry in found.kinds.items()}


def test_files_that_are_no_photos_are_counted_by_kind(folder: Path) -> None:
    (folder / "sub" / "a.GIF").touch()
    (folder / "b.gif").touch()
    (folder / "loop").symlink_to(folder)
    (folder / "gone.jpg").symlink_to("nowhere")
    os.mkfifo(folder / "pipe.jpg")
    make_tar(folder / "z.tar", "x/1.jpg", "x/1.json", "x/2.jpg")
    assert passed_over(folder) == {
        "hidden": (2, ".cache"),
        "link to a folder": (1, "loop"),
        "broken link": (1, "gone.jpg"),
        "special file": (1, "pipe.jpg"),
        ".gif": (2, "b.gif"),
        ".txt": (1, "notes.txt"),
        ".json": (1, "z.tar/x/1.json"),
    }


def test_files_that_a_pattern_excludes_are_not_counted(folder: Path) -> None:
    assert passed_over(folder / "sub" / "*.webp") == {}
    assert passed_over(folder / "*.txt") == {".txt": (1, "notes.txt"), "hidden": (2, ".cache")}


def test_links_in_a_tar_are_counted(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        link = tarfile.TarInfo("link.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "1.jpg"
        tar.addfile(link)
        folder = tarfile.TarInfo("folder.jpg")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
    assert passed_over(tmp_path / "a.tar") == {"link in a tar": (1, "a.tar/link.jpg")}


def test_a_folder_that_cannot_be_listed_is_counted_and_the_others_are_read(folder: Path) -> None:
    found = PassedOver()
    photos = open_source(str(folder), "path").inputs(found)
    assert next(photos).name == "a.PNG"
    # As without the permission to read it, which root always has.
    (folder / "sub").rename(folder / ".sub")
    assert [photo.name for photo in photos] == ["b.jpg"]
    assert found.kinds["unreadable folder"] == {"count": 1, "first": "sub/"}
    assert "permission" in found.hints


def test_the_kinds_that_are_told_apart_are_bounded() -> None:
    found = PassedOver()
    for number in range(MOST_KINDS + 10):
        found.add_file(f"a.{number}")
    assert found.kinds["other"] == {"count": 10, "first": f"a.{MOST_KINDS}"}


@pytest.mark.parametrize("damaged_at", [512 + 512, 2 * 1024 + 10])
def test_a_tar_that_is_damaged_in_the_middle_is_no_shorter_tar(tmp_path: Path, damaged_at: int) -> None:
    make_tar(tmp_path / "a.tar", *(f"{number}.jpg" for number in range(9)))
    content = bytearray((tmp_path / "a.tar").read_bytes())
    content[damaged_at : damaged_at + 8] = b"\xff" * 8
    (tmp_path / "a.tar").write_bytes(content)
    with pytest.raises(InvalidSource, match=r"damaged at byte"):
        names(tmp_path / "a.tar")


@pytest.mark.parametrize("end", [b"", b"\0" * 511])
def test_a_tar_without_its_end_is_cut_off(tmp_path: Path, end: bytes) -> None:
    make_tar(tmp_path / "a.tar", "1.jpg", "2.jpg")
    (tmp_path / "a.tar").write_bytes((tmp_path / "a.tar").read_bytes()[: 2 * 1024] + end)
    with pytest.raises(InvalidSource, match=r"cut off at byte 2048"):
        names(tmp_path / "a.tar")


def test_one_block_of_zeros_is_the_end_of_a_tar(tmp_path: Path) -> None:
    make_tar(tmp_path / "a.tar", "1.jpg", "2.jpg")
    (tmp_path / "a.tar").write_bytes((tmp_path / "a.tar").read_bytes()[: 2 * 1024 + 512])
    assert names(tmp_path / "a.tar") == ["a.tar/1.jpg", "a.tar/2.jpg"]


def test_a_tar_without_members_is_empty_and_an_empty_file_is_no_tar(tmp_path: Path) -> None:
    make_tar(tmp_path / "a.tar")
    assert names(tmp_path / "a.tar") == []
    (tmp_path / "a.tar").write_bytes(b"")
    with pytest.raises(InvalidSource, match=r"empty file"):
        names(tmp_path / "a.tar")


def test_links_to_folders_are_not_followed(folder: Path) -> None:
    (folder / "sub" / "loop").symlink_to(folder)
    assert len(names(folder)) == 4


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.jpg", ["b.jpg"]),
        ("*/*", ["sub/c.webp"]),
        ("**/*.jp*g", ["b.jpg", "sub/deep/d.jpeg"]),
        ("sub/**/?.*", ["c.webp", "deep/d.jpeg"]),
        ("[ab].*", ["a.PNG", "b.jpg"]),
    ],
)
def test_a_pattern_chooses(folder: Path, pattern: str, expected: list[str]) -> None:
    found = names(folder / pattern)
    assert [name.removeprefix("sub/") if pattern.startswith("sub/") else name for name in found] == expected


def test_a_folder_whose_name_looks_like_a_pattern_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "photos [2020]").mkdir()
    (tmp_path / "photos [2020]" / "a.jpg").touch()
    assert names(tmp_path / "photos [2020]") == ["a.jpg"]


def test_images_inside_a_tar_are_referred_to_by_their_position(tmp_path: Path) -> None:
    make_tar(tmp_path / "shard.tar", "x/1.jpg", "x/1.json", "x/2.jpg")
    assert contents(tmp_path / "shard.tar") == {"shard.tar/x/1.jpg": b"x/1.jpg", "shard.tar/x/2.jpg": b"x/2.jpg"}


def test_shards_are_counted_in_braces(tmp_path: Path) -> None:
    for number in range(8, 12):
        make_tar(tmp_path / f"s-{number:02d}.tar", "1.jpg")
    assert names(tmp_path / "s-{08..10}.tar") == ["s-08.tar/1.jpg", "s-09.tar/1.jpg", "s-10.tar/1.jpg"]


def test_a_broken_tar_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(b"no tar" * 200)
    with pytest.raises(InvalidSource, match=r"no tar"):
        names(tmp_path / "a.tar")


def csv_manifest(path: Path) -> Path:
    path.with_suffix(".csv").write_text('\ufeffpath,age,note\nb.jpg,30,"x, y"\nsub/c.webp,,\n', "utf-8")
    return path.with_suffix(".csv")


def jsonl_manifest(path: Path) -> Path:
    rows: list[dict[str, Any]] = [{"path": "b.jpg", "age": 30, "note": "x, y"}, {"path": "sub/c.webp"}]
    path.with_suffix(".jsonl").write_text("\n".join(map(json.dumps, rows)))
    return path.with_suffix(".jsonl")


def parquet_manifest(path: Path) -> Path:
    table = pa.table({"path": ["b.jpg", "sub/c.webp"], "age": [30, None], "note": ["x, y", None]})
    pq.write_table(table, path.with_suffix(".parquet"))
    return path.with_suffix(".parquet")


@pytest.mark.parametrize(
    ("write", "age", "kind", "nothing"),
    [
        (csv_manifest, "30", pa.string(), ""),
        (jsonl_manifest, "30", pa.string(), None),
        (parquet_manifest, 30, pa.int64(), None),
    ],
)
def test_a_manifest_names_photos_and_carries_its_other_columns(
    folder: Path, write: Any, age: Any, kind: pa.DataType, nothing: Any
) -> None:
    source = open_source(str(write(folder / "list")), "path")
    first, second = source.inputs()
    assert first.name == "b.jpg"
    assert first.reference == Reference(str(folder / "b.jpg"))
    assert first.extra == {"age": age, "note": "x, y"}
    assert second.extra == {"age": nothing, "note": nothing}
    assert source.columns == {"age": kind, "note": pa.string()}
    assert source.roots == [str(folder)]


def test_a_manifest_may_name_urls_and_absolute_paths(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("file\ns3://bucket/a.jpg\n/photos/b.jpg\nfile:///photos/c%20d.jpg\n")
    found = [one.reference.location for one in open_source(str(tmp_path / "list.csv"), "file").inputs()]
    assert found == ["s3://bucket/a.jpg", "/photos/b.jpg", "/photos/c d.jpg"]


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("a.csv", "image\nx.jpg\n", "no column path, only: image"),
        ("a.csv", "path,n\nx.jpg,1\ny.jpg\n,2\n", "row 3: no text in column path"),
        ("a.csv", "path\nx.jpg,1\n", "a line has more columns than the first one"),
        ("a.jsonl", '{"path": "x.jpg"}\n{"path": "y.jpg", "more": 1}\n', "row 2: the first row has no more"),
        ("a.jsonl", '{"path": "x.jpg"}\n[]\n', "no JSON object"),
        ("a.jsonl", '{"path": "x.jpg"}\n{', "cannot be read"),
        ("a.parquet", "PAR1", "cannot be read"),
        ("a.tar.gz", "", "unpacked"),
        ("a.txt", "", "is none of"),
    ],
)
def test_an_error_says_what_is_wrong_with_a_source(tmp_path: Path, name: str, text: str, reason: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InvalidSource, match=reason):
        names(tmp_path / name)


@pytest.mark.parametrize("source", ["nothing", "nothing/*.jpg", "memory://nothing", "gopher3://x"])
def test_a_source_that_is_not_there_says_so(tmp_path: Path, source: str) -> None:
    with pytest.raises(InvalidSource):
        open_source(source if "://" in source else str(tmp_path / source), "path")


@pytest.fixture
def bucket() -> Iterator[str]:
    files = fsspec.filesystem("memory")
    for name in ("b.jpg", "a.jpg", "sub/c.png", "notes.txt"):
        files.pipe(f"/bucket/{name}", name.encode())
    files.pipe("/bucket/list.csv", b"path,label\n./sub/c.png,1\n")
    yield "memory://bucket"
    files.rm("/bucket", recursive=True)


def test_a_url_is_a_folder_a_pattern_or_a_manifest(bucket: str) -> None:
    assert contents(bucket) == {"a.jpg": b"a.jpg", "b.jpg": b"b.jpg", "sub/c.png": b"sub/c.png"}
    assert names(f"{bucket}/*.jpg") == ["a.jpg", "b.jpg"]
    assert contents(f"{bucket}/list.csv") == {"./sub/c.png": b"sub/c.png"}


def test_a_chain_of_file_systems_is_refused() -> None:
    with pytest.raises(InvalidSource, match="chain"):
        open_source("zip://*.jpg::memory://bucket/photos.zip", "path")


def test_a_password_in_a_url_is_not_repeated() -> None:
    with pytest.raises(InvalidSource, match="gopher3://host/x") as refused:
        open_source("gopher3://user:secret@host/x", "path")
    assert "secret" not in str(refused.value)


def test_the_suffix_of_a_manifest_may_be_large(folder: Path) -> None:
    parquet_manifest(folder / "list").rename(folder / "LIST.PARQUET")
    assert open_source(str(folder / "LIST.PARQUET"), "path").columns == {"age": pa.int64(), "note": pa.string()}


def test_a_name_that_is_no_text_can_still_be_written(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.jpg")).write_bytes(b"photo")
    assert contents(tmp_path) == {"caf\\xe9.jpg": b"photo"}


def test_a_hidden_name_that_is_no_text_can_still_be_written(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b".caf\xe9")).touch()
    assert passed_over(tmp_path) == {"hidden": (1, ".caf\\xe9")}


def test_what_is_no_text_in_a_manifest_is_escaped(folder: Path) -> None:
    (folder / os.fsdecode(b"caf\xe9.jpg")).write_bytes(b"photo")
    rows = [
        {"path": "caf\udce9.jpg", "note": "\ud800"},
        {"path": "s3://me\ud800:secret@bucket/a\ud800.jpg", "note": ["\udce9"]},
    ]
    (folder / "list.jsonl").write_text("\n".join(map(json.dumps, rows)))
    first, second = open_source(str(folder / "list.jsonl"), "path").inputs()
    assert (first.name, first.extra) == ("caf\\xe9.jpg", {"note": "\\ud800"})
    assert first.reference.read(5) == b"photo"
    assert second.name == "s3://bucket/a\\ud800.jpg"
    assert json.loads(second.extra["note"]) == ["\udce9"]


def test_a_column_whose_name_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"path": "a.jpg", "x\ud800": 1}))
    with pytest.raises(InvalidSource, match=r"the name of a column is no text: x\\ud800"):
        names(tmp_path / "a.jsonl")
