"""LitServe: FastAPI as the front end, and for each core a process with its own models."""

from base64 import b64decode
from typing import Any

from litserve import LitAPI, LitServer

from bench.peers.pipeline import Pipeline, port, threads


class Photos(LitAPI):
    """Runs the pipeline on one photo after the other. LitServe takes JSON, so photos arrive in base64."""

    def setup(self, device: str) -> None:
        """Loads the models."""
        self._pipeline = Pipeline()

    def decode_request(self, request: dict[str, Any]) -> bytes:
        """Decodes the photo."""
        return b64decode(request["image"])

    def predict(self, photo: bytes) -> dict[str, Any]:
        """Gives the enriched sample of a photo."""
        return self._pipeline(photo)

    def encode_response(self, sample: dict[str, Any]) -> dict[str, Any]:
        """Gives the sample unchanged: LitServe writes it as JSON."""
        return sample


if __name__ == "__main__":
    server = LitServer(Photos(), accelerator="cpu", workers_per_device=threads(), timeout=60)
    server.run(host="127.0.0.1", port=port(), num_api_servers=1, log_level="error", generate_client_file=False)
