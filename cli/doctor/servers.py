"""Checks of the servers that a deployment needs: the store and the broker."""

from collections.abc import Iterator
from pathlib import Path
from time import time

from broker.reachable import broker_problem
from cli.doctor.finding import Finding
from config.settings import Settings, without_password
from jobs.errors import StorageError
from jobs.redis.clock import StoreClock
from jobs.redis.connection import Client, connect, server_state

PATIENCE_S = 1.0
OLDEST = (7, 0)
"""The oldest version of Redis and Valkey that is tested."""
CLOCK_S = 1.0
"""A larger difference of clocks is a warning: times in answers and logs do not fit together."""


def store(settings: Settings) -> Iterator[Finding]:
    """The store: it answers, and is set up so that no job is lost."""
    if "redis_url" in settings.model_fields_set:
        url, remedy = settings.redis_url, "start the server, or unset FACELINE_REDIS_URL to use the embedded one"
    else:
        note = settings.data_dir / "socket"
        if not (note.is_file() and Path(note.read_text()).exists()):
            yield Finding.ok("store", "the embedded server, which `faceline up` starts")
            return
        url, remedy = f"unix://{note.read_text()}", "start Faceline again"
    client = connect(url, patience_s=PATIENCE_S)
    try:
        yield from _store(client, without_password(url))
    except StorageError as error:
        yield Finding("store", "error", f"{without_password(url)}: {error}", remedy)
    finally:
        client.close()


def broker(settings: Settings) -> Iterator[Finding]:
    """The broker: it takes a connection."""
    if settings.broker_url is None:
        yield Finding.ok("broker", "the store")
    elif problem := broker_problem(settings.broker_url):
        remedy = "start the broker, or unset FACELINE_BROKER_URL to use the store"
        yield Finding("broker", "error", f"{without_password(settings.broker_url)}: {problem}", remedy)
    else:
        yield Finding.ok("broker", without_password(settings.broker_url))


def _store(client: Client, url: str) -> Iterator[Finding]:
    server, memory = server_state(client, "server"), server_state(client, "memory")
    kept = server_state(client, "persistence")
    name = "Valkey" if "valkey_version" in server else "Redis"
    found = str(server.get("valkey_version") or server["redis_version"])
    if tuple(map(int, found.split(".")[:2])) < OLDEST:
        yield Finding("store", "warning", f"{name} {found} at {url}", f"use version {OLDEST[0]} or later")
    else:
        yield Finding.ok("store", f"{name} {found} at {url}")
    policy, limit = memory.get("maxmemory_policy"), int(memory.get("maxmemory", 0))
    if policy != "noeviction":
        remedy = "CONFIG SET maxmemory-policy noeviction: otherwise a full server deletes jobs"
        yield Finding("store memory", "error", f"policy {policy}", remedy)
    elif limit == 0:
        remedy = "set maxmemory: otherwise the server grows until the system ends it"
        yield Finding("store memory", "warning", "no limit", remedy)
    else:
        yield Finding.ok("store memory", f"{policy}, {limit >> 20} MB")
    if not kept.get("aof_enabled"):
        remedy = "CONFIG SET appendonly yes: otherwise a restart of the server loses jobs"
        yield Finding("store persistence", "warning", "no append-only file", remedy)
    elif kept.get("aof_last_write_status", "ok") != "ok":
        remedy = "look at the server's log and its disk"
        yield Finding("store persistence", "error", "the last write of the append-only file failed", remedy)
    else:
        yield Finding.ok("store persistence", "append-only file")
    difference_s = StoreClock(client).now() - time()
    message = f"{difference_s:+.1f} s against this machine"
    if abs(difference_s) > CLOCK_S:
        yield Finding("clock", "warning", message, "set the clocks of both machines by NTP")
    else:
        yield Finding.ok("clock", message)
