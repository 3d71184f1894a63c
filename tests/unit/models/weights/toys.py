"""Small packages that carry small models, and a fetcher that takes them from a folder."""

import hashlib
import io
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from models.convert import Converter
from models.convert.graph import Graph
from models.weights.fingerprint import figures, probe
from models.weights.packages import Arrived
from models.weights.registry import Option, Weights
from models.weights.source import Registry, ReleasedFile, Source, SourcePackage

ROW, VALUES = (1, 4, 4), (0.0, 1.0)


def scaling_model(factor: float, given: str = "image", name: str = "617") -> bytes:
    """ONNX that multiplies its input; it was exported with a batch of one, and whatever names for input and output."""
    graph = Graph()
    scaled = graph.add("Mul", [given, graph.constant(np.array(factor, np.float32))])
    return graph.model({given: [1, *ROW]}, {name: scaled}).SerializeToString()


def packed(shop: Path, registry: Registry, name: str, files: Mapping[str, bytes]) -> SourcePackage:
    """Put a package on the shelf of a folder."""
    if registry is Registry.PIP:
        path = shop / f"{name}-1.0-py3-none-any.whl"
        _write_wheel(path, name, files)
    else:
        path = shop / f"{name}-1.0.tgz"
        _write_tarball(path, files)
    content = path.read_bytes()
    return SourcePackage(registry, name, "1.0", path.name, hashlib.sha256(content).hexdigest(), len(content), "MIT")


def scaling_weights(name: str, package: Source, member: str, factor: float) -> Weights:
    """The weights that `scaling_model` makes."""
    expected = np.float32(factor) * probe(ROW, VALUES, seed=0)
    return Weights(
        name=name,
        task="scales",
        package=package,
        members={member: hashlib.sha256(scaling_model(factor)).hexdigest()},
        converter=Converter.ONNX,
        row=ROW,
        value_range=VALUES,
        outputs={"scaled": "617"},
        fingerprint={"scaled": figures(expected)},
        licence="CC0-1.0",
        provenance="made up",
    )


def released_weights(name: str, url: str, published: bytes, *twins: bytes, factor: float) -> Weights:
    """The optional weights that `scaling_model` makes, published as a file of their own."""
    hashes = [hashlib.sha256(content).hexdigest() for content in (published, *twins)]
    file = ReleasedFile(url, hashes[0], tuple(hashes[1:]), "MIT")
    return replace(
        scaling_weights(name, file, file.archive, factor),
        members={file.archive: file.sha256},
        converter=Converter.ONNX_ONE_OUTPUT,
        outputs={"scaled": "output"},
        option=Option.MINIFASNET,
    )


@dataclass
class FolderFetcher:
    """Fetches from a folder, and remembers what."""

    shop: Path
    fetched: list[str] = field(default_factory=list)
    before: Callable[[Path], None] = lambda folder: None

    def fetch(self, package: Source, folder: Path, arrived: Arrived) -> Path:
        self.fetched.append(str(package).partition(" ")[0])
        self.before(folder)
        archive = Path(shutil.copy(self.shop / package.archive, folder))
        arrived(archive.stat().st_size)
        return archive


def _write_wheel(path: Path, name: str, files: Mapping[str, bytes]) -> None:
    about = f"{name.replace('-', '_')}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        for member, content in files.items():
            wheel.writestr(member, content)
        wheel.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")


def _write_tarball(path: Path, files: Mapping[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as tarball:
        for member, content in files.items():
            entry = tarfile.TarInfo(member)
            entry.size = len(content)
            tarball.addfile(entry, io.BytesIO(content))
