"""Photos that kill the worker that decodes them."""

from concurrent.futures import Future, wait

from bench.reliability.scene import Scene
from bench.reliability.work import DETECTOR, Work

BOUND_S = 120.0
"""A poisoned photo has failed by then."""
NEIGHBOURS = 5


def poison_alone(scene: Scene) -> None:
    """Send one poisoned photo to an idle stack, and a good one afterwards."""
    _wait(scene.load.send_job(_work(scene, poisoned=True)))
    scene.disturbed()
    _wait(scene.load.send_job(_work(scene)))


def poison_beside_good(scene: Scene) -> None:
    """Send poisoned photos into the stream of good ones."""
    for _ in range(scene.times(4)):
        scene.short_pause()
        _wait(scene.load.send_job(_work(scene, poisoned=True)))
        scene.disturbed()


def poison_in_batch(scene: Scene) -> None:
    """Send a batch with one poisoned photo among good ones."""
    works = [_work(scene) for _ in range(NEIGHBOURS)]
    works.insert(scene.random.randrange(len(works)), _work(scene, poisoned=True))
    _wait(scene.load.send_batch(works))
    scene.disturbed()


def _work(scene: Scene, poisoned: bool = False) -> Work:
    return Work(scene.random.choice(scene.names), (DETECTOR, "age-estimator"), poisoned)


def _wait(errand: "Future[None]") -> None:
    wait([errand], BOUND_S)
