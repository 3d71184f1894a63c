"""Runs an image as a strict deployment does: as its user, with a root that cannot be written, except /tmp."""

import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

from deploy.images.engine import Image

# The shell replaces itself, so the process has the id of what `Popen` started.
ENTER = """
mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && mount -t tmpfs tmpfs "$1/tmp" \
    && mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && shift && exec chroot "$@"
"""
START_S = 300.0
STOP_S = 75.0


class Container:
    """A process that runs.

    Args:
        image: what it runs.
        root: of its files.
        environment: its variables, added to those of the image.
        process: the process.
    """

    def __init__(
        self, image: Image, root: Path, environment: Mapping[str, str], process: "subprocess.Popen[bytes]"
    ) -> None:
        self._image = image
        self._root = root
        self._environment = environment
        self._process = process

    def wait_until_healthy(self) -> float:
        """Repeat the health check of the image until it succeeds. Returns after how many seconds it did.

        Raises:
            RuntimeError: the process ended, or was not healthy in time.
        """
        inside = ["nsenter", "--target", str(self._process.pid), "--mount", "chroot"]
        command = [*inside, *chroot_arguments(self._image, self._root, self._environment, self._image.health)]
        started = monotonic()
        while True:
            checked = subprocess.run(command, capture_output=True, check=False, text=True)
            if checked.returncode == 0:
                return monotonic() - started
            if self._process.poll() is not None:
                raise RuntimeError(f"{self._image.name} ended with {self._process.returncode}")
            if monotonic() - started > START_S:
                raise RuntimeError(f"{self._image.name} is not healthy: {checked.stderr or checked.stdout}")
            sleep(1)

    def stop(self) -> None:
        """Send SIGTERM as an engine does, and wait.

        Raises:
            RuntimeError: the process did not end, or said that it failed.
        """
        self._process.terminate()
        # uvicorn repeats the signal once it has finished its requests.
        if (code := self._process.wait(STOP_S)) not in (0, -signal.SIGTERM):
            raise RuntimeError(f"{self._image.name} ended with {code} after SIGTERM")


@contextmanager
def running(image: Image, root: Path, environment: Mapping[str, str]) -> Iterator[Container]:
    """Start the command of an image; a process that still runs at the end is killed."""
    inside = chroot_arguments(image, root, environment, image.command)
    command = ["unshare", "--mount", "sh", "-c", ENTER, "enter", str(root), *inside]
    with subprocess.Popen(command) as process:
        try:
            yield Container(image, root, environment, process)
        finally:
            process.kill()


def chroot_arguments(
    image: Image, root: Path, environment: Mapping[str, str], command: tuple[str, ...]
) -> tuple[str, ...]:
    """The arguments with which `chroot` runs a command as the image says; the command gets no variable of ours."""
    variables = (*image.environment, *(f"{name}={value}" for name, value in environment.items()))
    user = (f"--userspec={image.user}", "--groups=")
    return (*user, str(root), "env", "-i", "-C", image.folder, *variables, *command)
