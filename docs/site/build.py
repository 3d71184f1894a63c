"""Builds the documentation site: `make docs`, or `make docs-serve` to look at it while pages are written.

It is built without a network, and works without one. A broken link ends the build.
"""

import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path

from docs.site.check import problems
from docs.site.staging import DOCS, ROOT, stage

CONFIG = ROOT / "mkdocs.yml"
BUILT = ROOT / "build" / "docs"


def build(folder: Path = BUILT) -> Path:
    """Build the site in a folder, and check it; the program ends with exit code 1 if something is wrong.

    Returns:
        The folder of the site.
    """
    stage(folder / "pages")
    subprocess.run([*_zensical("build", folder), "--strict", "--clean"], cwd=folder, check=True)
    site = folder / "site"
    if found := problems(site):
        sys.exit("\n".join(found))
    return site


def serve(address: str) -> None:
    """Serve the site until Ctrl-C; a page that changes is shown at once."""
    stage(BUILT / "pages")
    server = subprocess.Popen([*_zensical("serve", BUILT), "--dev-addr", address], cwd=BUILT)
    try:
        seen = _state()
        while server.poll() is None:
            time.sleep(0.5)
            if (now := _state()) != seen:
                seen = now
                stage(BUILT / "pages")
    except KeyboardInterrupt:
        pass
    finally:
        server.terminate()
        server.wait()


def _zensical(command: str, folder: Path) -> list[str]:
    """A command on a folder, whose paths are those of the configuration."""
    shutil.copyfile(CONFIG, folder / CONFIG.name)
    return [str(Path(sys.executable).with_name("zensical")), command, "--config-file", str(folder / CONFIG.name)]


def _state() -> dict[Path, float]:
    return {file: file.stat().st_mtime for file in [*DOCS.rglob("*.md"), *ROOT.glob("*.md")]}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=BUILT, help="the folder for the site and its parts")
    parser.add_argument("--serve", metavar="ADDRESS", help="serve it, for example at 127.0.0.1:8080")
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve)
    else:
        print(build(arguments.to) / "index.html")  # noqa: T201
