"""`Viewer`: which jobs and batches a caller sees."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Viewer:
    """A caller who sees the jobs and batches of one owner; for this caller, the others do not exist.

    Attributes:
        owner: None sees the jobs and batches of all owners.
    """

    owner: str | None

    def sees(self, owner: str | None) -> bool:
        """Whether a job or batch of an owner exists for this caller."""
        return self.owner is None or owner == self.owner


EVERYTHING = Viewer(None)
"""Sees the jobs and batches of all owners."""
