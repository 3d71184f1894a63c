import os
import subprocess
import sys

import pytest

from bench.speed.process_usage import PROC, cpu_s, memory_of, tree

pytestmark = pytest.mark.skipif(not PROC.exists(), reason="needs /proc")


def test_the_cpu_time_of_a_process_grows_as_it_works() -> None:
    before = cpu_s([os.getpid()])
    while cpu_s([os.getpid()]) < before + 0.02:
        sum(range(10_000))


def test_a_process_holds_what_its_descendants_hold() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert child.pid in tree(os.getpid())
        assert memory_of([os.getpid()]).rss > memory_of([child.pid]).rss
    finally:
        child.communicate()
