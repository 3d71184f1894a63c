"""mosec: a front in Rust, and a process with models of its own for each core."""

import os

from mosec import Server, Worker
from pydantic_core import to_json

from bench.peers.pipeline import Pipeline, port, threads


class Photos(Worker):
    """One photo after the other; requests and answers are bytes, without a detour over JSON."""

    def __init__(self) -> None:
        super().__init__()
        self._pipeline = Pipeline()

    def deserialize(self, data: bytes) -> bytes:
        """The photo as it came."""
        return data

    def serialize(self, data: object) -> bytes:
        """The answer as Faceline's API writes it."""
        return to_json(data)

    def forward(self, data: bytes) -> object:
        """The enriched sample of a photo."""
        return self._pipeline(data)


if __name__ == "__main__":
    os.environ.update(MOSEC_ADDRESS="127.0.0.1", MOSEC_PORT=str(port()), MOSEC_TIMEOUT="60000", MOSEC_LOG_LEVEL="error")
    server = Server()
    server.append_worker(Photos, num=threads())
    server.run()
