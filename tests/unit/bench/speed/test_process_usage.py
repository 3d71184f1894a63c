import os
import subprocess
import sys
import time

import pytest

from bench.speed.process_usage import PROC, TICKS_PER_S, cpu_s, memory_of, resident_mb, tree

pytestmark = pytest.mark.skipif(not PROC.exists(), reason="needs /proc")


WORK = "import time\nwhile time.process_time() < 0.2: pass\nprint(flush=True)\ninput()"
"""Takes 0.2 s of CPU time, says that it has, and waits."""
LEFT = """
import os
if os.fork() == 0:
    os._exit(0)
os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
print(flush=True)
input()
"""
"""Its child has ended. It does not ask for the exit code, so the system keeps an entry without memory."""


def test_cpu_time_grows_as_the_clock_of_the_process_says() -> None:
    before, clock = cpu_s([os.getpid()]), time.process_time()
    while time.process_time() < clock + 0.2:
        pass
    grown, used = cpu_s([os.getpid()]) - before, time.process_time() - clock
    # Both user and system time are rounded to a tick, at both ends.
    assert grown == pytest.approx(used, abs=4 / TICKS_PER_S)


def test_cpu_time_and_memory_of_a_process_include_its_descendants() -> None:
    before = cpu_s([os.getpid()])
    child = subprocess.Popen([sys.executable, "-c", WORK], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert child.stdout
        child.stdout.readline()
        assert child.pid in tree(os.getpid())
        assert cpu_s([os.getpid()]) - before >= cpu_s([child.pid]) - 1 / TICKS_PER_S > 0.1
        assert memory_of([os.getpid()]).rss > memory_of([child.pid]).rss
        assert resident_mb([child.pid]) == pytest.approx(memory_of([child.pid]).rss, rel=0.3)
    finally:
        child.communicate()


def test_a_descendant_that_has_ended_is_left_out() -> None:
    child = subprocess.Popen([sys.executable, "-c", LEFT], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert child.stdout
        child.stdout.readline()
        (ended,) = set(tree(child.pid)) - {child.pid}
        with pytest.raises(ProcessLookupError):
            memory_of([ended])
        assert memory_of([child.pid]).rss > 0
    finally:
        child.communicate(b"\n")
