"""The cache of converted models: a folder outside the checkout.

The name of a file depends on all that it is made of, so the file of a name never changes, and checkouts of different
age share a cache. A record in JSON beside each file holds its size, its hash and its source.
"""

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from models.errors import WeightsMissing
from models.weights.registry import WEIGHTS, Weights


@dataclass(frozen=True, slots=True)
class StoredWeights:
    """The record of a model in the cache.

    Attributes:
        name: of the model.
        sha256: of the converted file.
        size: of the converted file, in bytes.
        package: the package that it was made from, with its version; or the released file.
        licence: of the weights.
    """

    name: str
    sha256: str
    size: int
    package: str
    licence: str


def weights_path(name: str, folder: Path) -> Path:
    """The file of a model that is in the cache.

    Raises:
        WeightsMissing: the cache has no such model.
    """
    stored_weights(name, folder)
    return folder / WEIGHTS[name].file


def stored_weights(name: str, folder: Path) -> StoredWeights:
    """The record of a model that is in the cache.

    Raises:
        WeightsMissing: the cache has no such model.
    """
    if name not in WEIGHTS:
        raise WeightsMissing(f"there is no model {name}; the models are {', '.join(WEIGHTS)}")
    stored = find(WEIGHTS[name], folder)
    if stored is None:
        command = WEIGHTS[name].pull_command
        raise WeightsMissing(f"{folder} has no intact weights of {name}: run `{command}`")
    return stored


def find(weights: Weights, folder: Path) -> StoredWeights | None:
    """The record of a model; None if its file is missing or has another size than was stored."""
    path = folder / weights.file
    try:
        stored = StoredWeights(**json.loads(_record_path(path).read_text()))
        return stored if path.stat().st_size == stored.size else None
    except (OSError, ValueError, TypeError):
        return None  # missing, cut off or not ours: a pull makes both files again


def is_intact(weights: Weights, folder: Path) -> bool:
    """Whether the file of a model has the hash of its record."""
    stored = find(weights, folder)
    return stored is not None and sha256_of(folder / weights.file) == stored.sha256


def store(weights: Weights, staged: Path, folder: Path) -> None:
    """Move a finished model into the cache, in one step: other processes see all of it or nothing."""
    stored = StoredWeights(
        name=weights.name,
        sha256=sha256_of(staged),
        size=staged.stat().st_size,
        package=str(weights.package),
        licence=weights.licence,
    )
    draft = _record_path(staged)
    draft.write_text(json.dumps(asdict(stored), indent=2))
    for path in (staged, draft):
        _flush(path)
    # The model last: a process that finds the model finds its record too.
    os.replace(draft, _record_path(folder / weights.file))
    os.replace(staged, folder / weights.file)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _record_path(path: Path) -> Path:
    return path.with_suffix(".json")


def _flush(path: Path) -> None:
    """Write a file to the disk, so that a power cut after the renaming leaves no empty file."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())
