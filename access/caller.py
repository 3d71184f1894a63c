"""The caller of a request: what its key allows, and what it sees."""

from dataclasses import dataclass
from typing import Self

from access.errors import MissingScope
from access.key import ApiKey, Scope
from jobs.viewer import EVERYTHING, Viewer


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller of a request.

    Attributes:
        key_id: None where no key is asked for.
        owner: of the jobs and batches that it makes: the name of its key; None where no key is asked for.
        scopes: that it has.
        viewer: the jobs and batches that it sees.
        max_ttl_s: how long its results are kept at most; None is as long as the deployment allows.
    """

    key_id: str | None
    owner: str | None
    scopes: frozenset[Scope]
    viewer: Viewer
    max_ttl_s: int | None = None

    @classmethod
    def of(cls, key: ApiKey) -> Self:
        """The caller with a key."""
        viewer = EVERYTHING if Scope.ADMIN in key.scopes else Viewer(key.name)
        return cls(key.id, key.name, key.scopes, viewer, key.ttl_s)

    def require(self, scope: Scope) -> None:
        """Check that the caller has a scope.

        Raises:
            MissingScope: it does not.
        """
        if scope not in self.scopes:
            raise MissingScope(f"this request needs a key with the scope `{scope}`")


ANYBODY = Caller(None, None, frozenset(Scope), EVERYTHING)
"""Every caller, where no key is asked for."""
