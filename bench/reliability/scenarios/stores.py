"""A store that answers with errors, or not at all."""

from collections.abc import Callable
from signal import SIGCONT, SIGSTOP
from typing import Any

from bench.reliability.scene import Scene
from bench.reliability.stack import send


def fill(scene: Scene) -> None:
    """Leave the store no memory: each write is an error."""
    limit = "maxmemory"
    store = scene.stack.store()
    before = store.config_get(limit)[limit]
    _for_a_while(
        scene,
        lambda: store.config_set(limit, store.info("memory")["used_memory"]),
        lambda: store.config_set(limit, before),
    )


def make_read_only(scene: Scene) -> None:
    """Make the store the replica of a server that does not exist, as a failover does: it can be read only."""
    store = scene.stack.store()
    _for_a_while(scene, lambda: store.replicaof("127.0.0.1", "1"), lambda: store.replicaof("NO", "ONE"))


def hang(scene: Scene) -> None:
    """Freeze the store: it accepts connections and answers nothing."""
    store = scene.store_process()
    _for_a_while(scene, lambda: send(store, SIGSTOP), lambda: send(store, SIGCONT))


def _for_a_while(scene: Scene, begin: Callable[[], Any], end: Callable[[], Any]) -> None:
    begin()
    try:
        scene.pause(scene.seconds)
    finally:
        end()
    scene.disturbed()
