"""Idempotency keys in memory."""


class MemoryIdempotencyKeys:
    """An implementation of `IdempotencyKeys`. It does not forget what Redis expires by itself."""

    def __init__(self) -> None:
        self._bound: dict[str, tuple[str, str]] = {}

    def bind(self, key: str, fingerprint: str, own_id: str, ttl_s: int) -> tuple[str, str]:
        return self._bound.setdefault(key, (own_id, fingerprint))

    def unbind(self, key: str, own_id: str) -> None:
        if self._bound.get(key, ("", ""))[0] == own_id:
            del self._bound[key]
