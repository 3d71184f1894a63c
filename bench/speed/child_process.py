"""A process of its own for whoever would otherwise fight for the interpreter lock of the measured."""

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Result = TypeVar("Result")


def process(environment: Mapping[str, str] | None = None) -> ProcessPoolExecutor:
    """One process with some variables in its environment; it runs what is submitted, one after the other."""
    return ProcessPoolExecutor(
        1, mp_context=get_context("spawn"), initializer=_settle, initargs=(dict(environment or {}),)
    )


def _settle(environment: Mapping[str, str]) -> None:
    os.environ.update(environment)


def apart(function: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
    """Call a function in a process of its own."""
    with process() as other:
        return other.submit(function, *args, **kwargs).result()


@contextmanager
def environment(**variables: str) -> Iterator[None]:
    """The environment of this process, and of those that it starts meanwhile, with some variables set."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
