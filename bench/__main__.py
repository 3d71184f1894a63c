"""`python -m bench`: the same as `python -m bench.speed`."""

import sys

from bench.speed.__main__ import main

sys.exit(main())
