"""Builds the images without an engine or a registry: debootstrap makes their base, and buildah runs each step.

The base is Debian with its own Python, where the published images have `python:3.11-slim`. The certificates and the
settings of apt, pip and npm of this machine are copied into it. So these images are for trials, never for others.
"""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BASE = "docker.io/library/python:3.11-slim"
SUITE = "bookworm"
"""The Debian whose Python is 3.11."""
PACKAGES = "python3,python3-venv,python3-pip,python-is-python3,ca-certificates"
OF_THIS_MACHINE = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pip.conf", "/etc/npmrc")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Image:
    """What an image says about how it runs."""

    name: str
    user: str
    folder: str
    environment: tuple[str, ...]
    command: tuple[str, ...]
    health: tuple[str, ...]
    size: int


@dataclass(frozen=True, slots=True)
class Engine:
    """Buildah, with a storage of its own: its base does not take the place of the true one on this machine.

    Attributes:
        folder: has the storage, and the root that debootstrap makes.
        mirror: where debootstrap gets Debian from; None for its default.
    """

    folder: Path
    mirror: str | None

    def build(self, target: str) -> Image:
        """Run each step of a target of the Dockerfile.

        Raises:
            CalledProcessError: a step failed; what it printed says why.
        """
        if not self._run("images", "--quiet", "--filter", f"reference={BASE}"):
            self._make_base()
        name = f"faceline-{target}"
        options = ("--pull-never", "--format", "docker", "--isolation", "chroot", "--layers")
        subprocess.run([*self._command, "build", *options, "--target", target, "--tag", name, "."], check=True)
        return self._image(name)

    def mount(self, image: Image) -> Path:
        """The root of a new container of an image."""
        return Path(self._run("mount", self._run("from", "--pull-never", image.name)))

    def close(self) -> None:
        """Remove the containers; the images stay, so that the next build repeats only what has changed."""
        self._run("rm", "--all")

    def _make_base(self) -> None:
        root = self.folder / "debian"
        if not (root / "usr/bin/pip").exists():
            shutil.rmtree(root, ignore_errors=True)
            command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, str(root)]
            subprocess.run([*command, *filter(None, [self.mirror])], check=True)
        for path in filter(Path.exists, map(Path, OF_THIS_MACHINE)):
            shutil.copyfile(path, root / path.relative_to("/"))
        container = self._run("from", "scratch")
        self._run("copy", "--quiet", container, str(root), "/")
        self._run("config", "--env", f"PATH={PATH}", container)
        self._run("commit", "--quiet", container, BASE)
        self._run("rm", container)

    def _image(self, name: str) -> Image:
        found: dict[str, Any] = json.loads(self._run("inspect", "--type", "image", name))
        config = found["Docker"]["config"]
        return Image(
            name=name,
            user=config["User"],
            folder=config["WorkingDir"],
            environment=tuple(config["Env"]),
            command=(*config["Entrypoint"], *config["Cmd"]),
            health=tuple(config["Healthcheck"]["Test"][1:]),
            size=sum(layer["size"] for layer in json.loads(found["Manifest"])["layers"]),
        )

    @property
    def _command(self) -> list[str]:
        return ["buildah", "--root", str(self.folder / "storage"), "--runroot", str(self.folder / "run")]

    def _run(self, *arguments: str) -> str:
        return subprocess.run(
            [*self._command, *arguments], check=True, stdout=subprocess.PIPE, text=True
        ).stdout.strip()
