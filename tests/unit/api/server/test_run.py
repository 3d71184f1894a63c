import resource
import subprocess
import sys

import pytest

LIMITS = """
import resource
from api.server.run import allowed_connections
from config.settings import LimitSettings
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
print(allowed_connections(LimitSettings(connections={wanted})), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


@pytest.mark.parametrize(
    ("soft", "hard", "wanted", "allowed", "raised"),
    [(100, 400, 200, 200, 267), (100, 400, 1000, 300, 400)],
)
def test_the_soft_limit_of_files_is_raised_and_leaves_room_for_others(
    soft: int, hard: int, wanted: int, allowed: int, raised: int
) -> None:
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[1] >= hard
    code = LIMITS.format(soft=soft, hard=hard, wanted=wanted)
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.split() == [str(allowed), str(raised)]
