"""The processes of an embedded stack that die again and again: its supervisor records them for `/readyz`."""

import json
from collections.abc import Sequence

from jobs.redis import keys
from jobs.redis.client import Client
from jobs.redis.connection import storage

KEPT_S = 10
"""The supervisor records them more often; so they are forgotten soon after it ends."""


class FailingProcesses:
    """The record of failing processes. Methods raise `StorageError` if the store does not answer."""

    def __init__(self, client: Client) -> None:
        self._redis = client

    def record(self, reasons: Sequence[str]) -> None:
        """Replace the record; each reason names a process and says how it ended."""
        with storage():
            self._redis.set(keys.FAILING, json.dumps(list(reasons)), ex=KEPT_S)

    def read(self) -> list[str]:
        """The reasons; none if all processes run."""
        with storage():
            recorded = self._redis.get(keys.FAILING)
        return list(json.loads(recorded)) if recorded else []
