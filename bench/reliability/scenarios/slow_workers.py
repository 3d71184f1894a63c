"""Workers that are frozen, or whose clock is wrong."""

from signal import SIGCONT, SIGSTOP, SIGTERM
from time import monotonic, sleep

from bench.reliability.scene import PATIENCE_S, Scene
from bench.reliability.stack import StackUnusable, send

FREEZE_S = 20.0
"""Longer than a worker may be silent."""
SKEW_S = 20.0
REPORTS_S = 20.0
"""How long to wait for the report of a worker whose clock is wrong: it may never count as live."""


def freeze(scene: Scene) -> None:
    """Freeze a worker that holds jobs for so long that it counts as gone; then it continues with these jobs."""
    victim, held = scene.busy_victim(needed=True)
    frozen_at = monotonic()
    send(victim, SIGSTOP)
    try:
        scene.pause(max(FREEZE_S, scene.seconds))
    finally:
        send(victim, SIGCONT)
    scene.disturbed(held, since=frozen_at)


def skew_clock(scene: Scene) -> None:
    """Run a worker whose clock is ahead, then one whose clock is behind."""
    workers = len(scene.stack.processes("worker"))
    for offset_s in (SKEW_S, -SKEW_S):
        note = scene.stack.notes / "clock-skew"
        note.write_text(str(offset_s))
        send(scene.victim(needed=True), SIGTERM)
        deadline = monotonic() + PATIENCE_S
        while note.exists():
            if monotonic() > deadline:
                raise StackUnusable("no worker started in time")
            sleep(0.1)
        (taken,) = scene.stack.notes.glob("clock-skew-*")
        scene.stack.wait_until_whole(workers, monotonic() + REPORTS_S)
        scene.pause(scene.seconds / 2)
        send(int(taken.name.rpartition("-")[2]), SIGTERM)
        taken.unlink()
        scene.disturbed()
        scene.stack.wait_until_whole(workers, monotonic() + PATIENCE_S)
