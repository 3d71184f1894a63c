"""The Dockerfile as stages with their instructions; what a stage inherits comes first."""

import json
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
Instruction = tuple[str, str]


def instructions() -> Iterator[Instruction]:
    """Each instruction with its arguments, without comments, on one line."""
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.lstrip().startswith("#")]
    for instruction in "\n".join(lines).replace("\\\n", " ").splitlines():
        if instruction.strip():
            name, _, arguments = instruction.partition(" ")
            yield name, " ".join(arguments.split())


def stages() -> dict[str, list[Instruction]]:
    """The instructions of each stage, by its name."""
    found: dict[str, list[Instruction]] = {}
    for name, arguments in instructions():
        if name == "FROM":
            parent, _, stage = arguments.split()
            found[stage] = [*found.get(parent, [])]
        elif found:
            found[stage].append((name, arguments))
    return found


def last(stage: str, name: str) -> str:
    """The arguments of the last instruction of a name, which holds."""
    return [arguments for found, arguments in stages()[stage] if found == name][-1]


def health_check(stage: str) -> list[str]:
    """The command that checks a container."""
    return list(json.loads(last(stage, "HEALTHCHECK").partition("CMD ")[2]))
