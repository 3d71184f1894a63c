"""mosec: a front end in Rust, and for each core a process with its own models."""

import os

from mosec import Server, Worker
from pydantic_core import to_json

from bench.peers.pipeline import Pipeline, port, threads


class Photos(Worker):
    """Runs the pipeline on one photo after the other. Requests are the bytes of photos, answers the bytes of JSON."""

    def __init__(self) -> None:
        super().__init__()
        self._pipeline = Pipeline()

    def deserialize(self, data: bytes) -> bytes:
        """Gives the bytes of the photo unchanged."""
        return data

    def serialize(self, data: object) -> bytes:
        """Writes the answer as Faceline's API does."""
        return to_json(data)

    def forward(self, data: bytes) -> object:
        """Gives the enriched sample of a photo."""
        return self._pipeline(data)


if __name__ == "__main__":
    os.environ.update(MOSEC_ADDRESS="127.0.0.1", MOSEC_PORT=str(port()), MOSEC_TIMEOUT="60000", MOSEC_LOG_LEVEL="error")
    server = Server()
    server.append_worker(Photos, num=threads())
    server.run()
