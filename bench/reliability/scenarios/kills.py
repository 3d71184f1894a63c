"""Parts of the stack that end: killed, or told to end one after another."""

from math import inf
from signal import SIGKILL, SIGTERM
from time import monotonic, sleep

from bench.reliability.scene import PATIENCE_S, Scene
from bench.reliability.stack import send

SECONDS_PER_KILL = 3.0
LEAST_KILLS = 10
"""Of workers, however short the run is. `docs/reliability.md` names this number."""
NEEDED_SHARE = 0.5
"""The share of kills that hit a worker that most jobs need."""
RUNS_AGAIN_S = 30.0
"""What a killed worker held runs again within so long, with default settings."""
ENDS_S = 15.0
"""How long the work of a busy machine may take from there to its end."""


def kill_workers(scene: Scene) -> None:
    """Kill workers while they run jobs; at least one lives. The first kill is followed by quiet, the others are not."""
    held = _kill_worker(scene, needed=True, within_s=RUNS_AGAIN_S + ENDS_S)
    deadline = monotonic() + RUNS_AGAIN_S + ENDS_S
    while monotonic() < deadline and not scene.ledger.have_ended(held):
        sleep(0.1)
    for _ in range(scene.times(SECONDS_PER_KILL, LEAST_KILLS) - 1):
        _kill_worker(scene, needed=scene.random.random() < NEEDED_SHARE)
        scene.short_pause()


def _kill_worker(scene: Scene, *, needed: bool, within_s: float = inf) -> frozenset[str]:
    victim, held = scene.busy_victim(needed=needed)
    send(victim, SIGKILL)
    scene.disturbed(held, within_s=within_s)
    return held


def kill_api(scene: Scene) -> None:
    """Kill the API while it takes submissions."""
    for _ in range(scene.times(4)):
        for pid in scene.stack.processes("api"):
            send(pid, SIGKILL)
        scene.disturbed()
        scene.pause(3)
        scene.short_pause()


def kill_store(scene: Scene) -> None:
    """Kill the store while it writes; every second time, kill the process that watches it first."""
    # At least twice: once without and once with the process that watches the store.
    for time in range(scene.times(4, least=2)):
        store = scene.store_process()
        if time % 2:
            for pid in scene.stack.processes("server"):
                send(pid, SIGKILL)
        send(store, SIGKILL)
        scene.disturbed()
        scene.pause(3)
        scene.short_pause()


def roll(scene: Scene) -> None:
    """Tell each worker, then the API, to end, as an update does: each is back before the next one ends."""
    workers = scene.stack.processes("worker")
    for pid in [*workers, *scene.stack.processes("api")]:
        send(pid, SIGTERM)
        deadline = monotonic() + PATIENCE_S
        while monotonic() < deadline and pid in scene.stack.processes("worker") + scene.stack.processes("api"):
            sleep(0.1)
        scene.disturbed()
        scene.stack.wait_until_whole(len(workers), deadline)


def kill_supervisor(scene: Scene) -> None:
    """Kill the supervisor, and start the stack again on the same data."""
    for _ in range(scene.times(15)):
        killed_at = monotonic()
        send(scene.stack.supervisor, SIGKILL)
        # The processes that it leaves work until they notice; what they end is no recovery.
        scene.stack.start()
        scene.disturbed(since=killed_at)
