"""The costs of a chunk in each part of a deployment; `bench.scaling.measure_costs` measures them."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class Costs:
    """The costs of a chunk, and of an idle worker. Seconds are CPU time, so that other processes do not count.

    Attributes:
        machine: the machine of the measurement.
        services: the services that ran on each image.
        by_reference: whether the workers read the photos by reference; otherwise the server stores and sends them.
        images: the number of images in a chunk.
        image_bytes: the size of a chunk's encoded images.
        work_s: the worker's time for each measured chunk.
        submit_s: the submitter's time to check and send a chunk.
        collect_s: the submitter's time to read the result of a chunk and write it.
        server_s: the time of the server's main thread for a chunk.
        server_commands: the commands that the server runs for a chunk.
        bytes_out: the bytes that the server sends for a chunk.
        idle_commands_per_s: the commands that an idle worker sends.
        idle_server_s_per_s: the time of the server's main thread for these, in seconds per second.
    """

    machine: str
    services: Sequence[str]
    by_reference: bool
    images: int
    image_bytes: float
    work_s: Sequence[float]
    submit_s: float
    collect_s: float
    server_s: float
    server_commands: float
    bytes_out: float
    idle_commands_per_s: float
    idle_server_s_per_s: float

    @property
    def link_bytes(self) -> float:
        """The bytes that workers fetch for a chunk, from the server and from the storage of the photos."""
        return self.bytes_out + (self.image_bytes if self.by_reference else 0)

    @classmethod
    def read(cls, file: Path) -> Self:
        """Reads a file that `write` wrote."""
        return cls(**json.loads(file.read_text()))

    def write(self, file: Path) -> None:
        """Writes a file that `read` reads."""
        file.write_text(json.dumps(asdict(self), indent=2) + "\n")
