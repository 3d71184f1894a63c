import os
import subprocess
import sys
from time import process_time

import pytest

from bench.speed.processes import PROC, TICKS_PER_S, cpu_s, memory_of, tree

pytestmark = pytest.mark.skipif(not PROC.exists(), reason="needs /proc")


def test_the_cpu_time_of_a_process_grows_as_it_works() -> None:
    before, own_before_s = cpu_s([os.getpid()]), process_time()
    while process_time() < own_before_s + 0.1:
        sum(range(10_000))
    # Linux counts in ticks, of which one may be missing at either end. Children of this process may add to the time.
    assert cpu_s([os.getpid()]) - before > 0.1 - 3 / TICKS_PER_S


def test_a_process_holds_what_its_descendants_hold() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert child.pid in tree(os.getpid())
        assert memory_of([os.getpid()]).rss > memory_of([child.pid]).rss
    finally:
        child.communicate()
