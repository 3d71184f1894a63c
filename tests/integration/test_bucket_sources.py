"""Buckets are listed and read as folders are, also with odd names of objects."""

import io
import json
import tarfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import fsspec
import pytest

from bulk.errors import InvalidSource
from bulk.sources import open_source
from jobs.errors import UnreachableReference
from jobs.reference import Reference
from tests.integration.buckets import BUCKET, PAGE, SECRET, SERVERS, Bucket, gs_environment

ODD = [
    "p/a b.jpg",
    "p/a#1.jpg",
    "p/a%20b.jpg",
    "p/a+b&c=d.jpg",
    "p/a?x=1.jpg",
    "p/[1].jpg",
    "p/ü/é.jpg",
    "p/\uffee.jpg",
    "p/\U0001f600.jpg",
    "p/sub.jpg",
    "p/sub/1.jpg",
    "p/sub/deep/2.jpg",
    "p/sub0.jpg",
]
PASSED_OVER = ["p/", "p/sub/", "p/jpg/", "p/notes.txt", "p/.hidden.jpg", "p/sub/.cache/x.jpg"]


@pytest.fixture(scope="module", params=SERVERS)
def bucket(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    """A bucket with objects that hold their own names; some represent folders."""
    with SERVERS[request.param](tmp_path_factory.mktemp("server")) as bucket, pytest.MonkeyPatch.context() as patch:
        for name, value in bucket.environment.items():
            patch.setenv(name, value)
        _forget_file_systems(request.param, patch)
        for name in (*ODD, *PASSED_OVER, "px/outside.jpg"):
            bucket.put(name, name.encode())
        yield bucket


def _forget_file_systems(protocol: str, patch: pytest.MonkeyPatch) -> None:
    """Make fsspec read the environment again; gcsfs reads it only when it is imported."""
    fsspec.get_filesystem_class(protocol).clear_instance_cache()
    patch.setitem(fsspec.config.conf, "gs", {"token": "anon"})


def names(source: str) -> list[str]:
    return [one.name for one in open_source(source, "path").inputs()]


def contents(source: str) -> dict[str, bytes]:
    return {one.name: one.reference.read(100) for one in open_source(source, "path").inputs()}


def below(*found: str) -> list[str]:
    return sorted(name.removeprefix("p/") for name in found)


@pytest.mark.parametrize("end", ["", "/"])
def test_a_prefix_gives_its_images_in_the_order_of_a_folder(bucket: Bucket, tmp_path: Path, end: str) -> None:
    for name in ODD:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert names(f"{bucket.url}/p{end}") == names(str(tmp_path / "p")) == below(*ODD)
    assert len(ODD) > 2 * PAGE


def test_objects_with_odd_names_are_read(bucket: Bucket) -> None:
    assert contents(f"{bucket.url}/p") == {name.removeprefix("p/"): name.encode() for name in ODD}


def test_a_reference_read_back_leads_to_the_same_object(bucket: Bucket) -> None:
    for one in open_source(f"{bucket.url}/p", "path").inputs():
        assert Reference.parse(str(one.reference)).read(100) == f"p/{one.name}".encode()


def test_a_whole_bucket_is_a_source(bucket: Bucket) -> None:
    assert {"p/sub.jpg", "px/outside.jpg"} < set(names(bucket.url))


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("p/sub*.jpg", ["sub.jpg", "sub0.jpg"]),
        ("p/*/*.jpg", ["sub/1.jpg", "ü/é.jpg"]),
        ("p/sub/**/*.jpg", ["1.jpg", "deep/2.jpg"]),
        ("p/**/[12].jpg", ["sub/1.jpg", "sub/deep/2.jpg"]),
        ("*/sub.jpg", ["p/sub.jpg"]),
    ],
)
def test_a_pattern_chooses(bucket: Bucket, pattern: str, expected: list[str]) -> None:
    assert [name for name in names(f"{bucket.url}/{pattern}") if "[" not in name] == expected


def test_images_inside_shards_are_referred_to_by_their_position(bucket: Bucket) -> None:
    for number in (8, 9, 10):
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w") as tar:
            for name in (f"{number}.jpg", f"{number}.json", f"{number}b.jpg"):
                entry = tarfile.TarInfo(name)
                entry.size = len(name)
                tar.addfile(entry, io.BytesIO(name.encode()))
        bucket.put(f"shards/s-{number:02d}.tar", file.getvalue())
    found = {f"s-{n:02d}.tar/{n}{b}.jpg": f"{n}{b}.jpg".encode() for n in (8, 9, 10) for b in ("", "b")}
    assert contents(f"{bucket.url}/shards/s-{{08..10}}.tar") == found
    assert contents(f"{bucket.url}/shards") == found
    assert contents(f"{bucket.url}/shards/s-09.tar") == {name: found[name] for name in found if "s-09" in name}


def test_a_manifest_in_a_bucket_names_photos_in_it(bucket: Bucket) -> None:
    rows = ["../p/sub.jpg", "./own.jpg", "own.jpg", f"{bucket.url}/p/ü/é.jpg"]
    bucket.put("lists/own.jpg", b"own")
    bucket.put("lists/list.jsonl", "\n".join(json.dumps({"path": name}) for name in rows).encode())
    source = open_source(f"{bucket.url}/lists/list.jsonl", "path")
    assert [one.reference.read(100) for one in source.inputs()] == [b"p/sub.jpg", b"own", b"own", "p/ü/é.jpg".encode()]


def test_workers_may_read_the_bucket_of_a_manifest(bucket: Bucket, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(f"path\n{bucket.url}/p/sub.jpg\n")
    assert open_source(str(tmp_path / "list.csv"), "path").roots == [str(tmp_path), bucket.url]


@pytest.mark.parametrize("path", ["p/none", "p/none/*.jpg", "p/none.jpg", "p/none.csv", "p/none-{1..2}.tar"])
def test_a_path_that_does_not_exist_is_refused(bucket: Bucket, path: str) -> None:
    with pytest.raises(InvalidSource):
        names(f"{bucket.url}/{path}")


def test_a_bucket_that_does_not_exist_is_refused(bucket: Bucket) -> None:
    with pytest.raises(InvalidSource, match="missing-bucket"):
        open_source(f"{bucket.url.partition('://')[0]}://missing-bucket/p", "path")


def test_an_object_that_is_gone_is_a_failure_of_its_own(bucket: Bucket) -> None:
    with pytest.raises(UnreachableReference):
        Reference(f"{bucket.url}/p/gone.jpg").read(100)


def test_a_version_of_an_object_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with SERVERS["s3"](tmp_path) as bucket:
        for name, value in bucket.environment.items():
            monkeypatch.setenv(name, value)
        _forget_file_systems("s3", monkeypatch)
        files = fsspec.filesystem("s3")
        files.call_s3("put_bucket_versioning", Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        first, _ = (
            files.call_s3("put_object", Bucket=BUCKET, Key="a.jpg", Body=body) for body in (b"first", b"second")
        )
        assert Reference(f"{bucket.url}/a.jpg?versionId={first['VersionId']}").read(100) == b"first"
        assert contents(bucket.url) == {"a.jpg": b"second"}


def test_keys_in_the_url_of_a_bucket_are_refused_and_not_repeated(bucket: Bucket) -> None:
    url = bucket.url.replace("://", f"://AKIA:{SECRET}@")
    with pytest.raises(InvalidSource, match="environment") as refused:
        open_source(url, "path")
    with pytest.raises(UnreachableReference) as unread:
        Reference(f"{url}/a.jpg").read(100)
    assert SECRET not in f"{refused.value}{unread.value}"


def test_google_lists_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = {None: ["p/a.jpg", "p/b/c.jpg"], "1": [], "2": ["p/d.jpg"]}

    class Pages(BaseHTTPRequestHandler):
        """Answers as Google does; the emulator knows one page only."""

        def do_GET(self) -> None:
            asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            token = asked.get("pageToken")
            answer: dict[str, object] = {"items": [{"name": name} for name in pages[token]]} if pages[token] else {}
            if token != "2":
                answer["nextPageToken"] = str(int(token or 0) + 1)
            body = json.dumps(answer).encode()
            self.send_response(200 if asked["prefix"] == "p/" else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        for name, value in gs_environment(f"http://127.0.0.1:{server.server_port}").items():
            monkeypatch.setenv(name, value)
        _forget_file_systems("gs", monkeypatch)
        assert names("gs://bucket/p") == ["a.jpg", "b/c.jpg", "d.jpg"]
        server.shutdown()
