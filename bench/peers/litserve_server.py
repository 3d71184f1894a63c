"""LitServe: FastAPI in front, and a process with models of its own for each core."""

from base64 import b64decode
from typing import Any

from litserve import LitAPI, LitServer

from bench.peers.pipeline import Pipeline, port, threads


class Photos(LitAPI):
    """One photo after the other; LitServe takes JSON, so that photos come in base64."""

    def setup(self, device: str) -> None:
        """Load the models."""
        self._pipeline = Pipeline()

    def decode_request(self, request: dict[str, Any]) -> bytes:
        """The photo."""
        return b64decode(request["image"])

    def predict(self, photo: bytes) -> dict[str, Any]:
        """The enriched sample of a photo."""
        return self._pipeline(photo)

    def encode_response(self, sample: dict[str, Any]) -> dict[str, Any]:
        """The answer as it is."""
        return sample


if __name__ == "__main__":
    server = LitServer(Photos(), accelerator="cpu", workers_per_device=threads(), timeout=60)
    server.run(host="127.0.0.1", port=port(), num_api_servers=1, log_level="error", generate_client_file=False)
