"""Idempotency keys in memory."""


class MemoryClaims:
    """A `IdempotencyKeys`; what Redis expires by itself stays."""

    def __init__(self) -> None:
        self._bound: dict[str, tuple[str, str]] = {}

    def claim(self, key: str, fingerprint: str, own_id: str, ttl_s: int) -> tuple[str, str]:
        return self._bound.setdefault(key, (own_id, fingerprint))

    def release(self, key: str, own_id: str) -> None:
        if self._bound.get(key, ("", ""))[0] == own_id:
            del self._bound[key]
