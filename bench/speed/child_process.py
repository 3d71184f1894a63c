"""Runs functions in child processes, so that client and server do not share an interpreter lock."""

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Returned = TypeVar("Returned")


def child_process(environment: Mapping[str, str] | None = None) -> ProcessPoolExecutor:
    """One child process that runs submitted functions one by one; `environment` is added to its variables."""
    return ProcessPoolExecutor(
        1, mp_context=get_context("spawn"), initializer=_add_to_environment, initargs=(dict(environment or {}),)
    )


def _add_to_environment(variables: Mapping[str, str]) -> None:
    os.environ.update(variables)


def run_in_child(
    function: Callable[Arguments, Returned], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Returned:
    """Calls a function in a child process of its own, and gives what it returns."""
    with child_process() as child:
        return child.submit(function, *args, **kwargs).result()


@contextmanager
def environment(**variables: str) -> Iterator[None]:
    """Sets variables in the environment of this process, which its children inherit, and restores them afterwards."""
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
