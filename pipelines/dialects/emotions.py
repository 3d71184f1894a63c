"""The list of emotions, which the dialects share but for the spelling."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Protocol

from models.face.emotion import Emotions

NAMES = tuple(field.name for field in fields(Emotions))


class EmotionEntry(Protocol):
    """An entry of the list, in either spelling."""

    @property
    def emotion(self) -> str:
        """Its name."""

    @property
    def confidence(self) -> float:
        """How strongly it shows."""


def read_emotions(entries: Sequence[EmotionEntry] | None) -> Emotions | None:
    """The canonical form of a list that names each emotion once, in any order; None for none.

    Raises:
        ValueError: an emotion is missing.
    """
    if entries is None:
        return None
    by_name = {entry.emotion.lower(): entry.confidence for entry in entries}
    if missing := sorted(set(NAMES) - by_name.keys()):
        raise ValueError(f"each emotion must be there once; missing: {', '.join(missing)}")
    return Emotions(**by_name)


def write_emotions(emotions: Emotions, *, upper: bool) -> list[dict[str, float | str]]:
    """The list in the order of the contract."""
    return [{"confidence": getattr(emotions, name), "emotion": name.upper() if upper else name} for name in NAMES]
