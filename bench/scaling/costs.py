"""What a chunk costs each part of a deployment, as `bench.scaling.measure_costs` found it on a real one."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class Costs:
    """The costs of a chunk, and of a worker that waits for one, in CPU time: what else runs on the machine has no part.

    Attributes:
        machine: where they were measured, in general words.
        services: that ran on each image.
        by_reference: the workers read the photos where they lie; otherwise the server holds and sends them.
        images: of a chunk.
        image_bytes: of a chunk's encoded images.
        work_s: what a worker takes, for each chunk that was measured.
        submit_s: what the submitter takes to check and send a chunk.
        collect_s: what it takes to read its result and write it down.
        server_s: of the server's main thread.
        server_commands: that the server ran.
        bytes_out: that the server sent.
        idle_commands_per_s: that a worker sends while it waits.
        idle_server_s_per_s: what those take of the server's main thread, in seconds per second.
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
        """What workers fetch, from the server or from wherever the photos lie."""
        return self.bytes_out + (self.image_bytes if self.by_reference else 0)

    @classmethod
    def read(cls, file: Path) -> Self:
        """Costs that `write` wrote."""
        return cls(**json.loads(file.read_text()))

    def write(self, file: Path) -> None:
        """Keep them for `read`."""
        file.write_text(json.dumps(asdict(self), indent=2) + "\n")
