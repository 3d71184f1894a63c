"""Idempotency keys in memory."""

from jobs.idempotency import Binding


class MemoryIdempotencyKeys:
    """An implementation of `IdempotencyKeys`. It does not forget what Redis expires by itself."""

    def __init__(self) -> None:
        self._bound: dict[str, Binding] = {}

    def bind(self, key: str, fingerprint: str, own_id: str, ttl_s: int) -> Binding:
        return self._bound.setdefault(key, Binding(own_id, fingerprint))

    def expire(self, key: str, own_id: str, ttl_s: int) -> None:
        if (bound := self._bound.get(key)) and bound.id == own_id and ttl_s == 0:
            del self._bound[key]

    def erase_of(self, owner: str | None) -> None:
        for key in [key for key in self._bound if owner is None or key.startswith(f"{owner} ")]:
            del self._bound[key]
