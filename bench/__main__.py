"""`python -m bench`: the speed benchmark; accuracy, calibration and scaling have commands of their own."""

import sys

from bench.speed.__main__ import main

sys.exit(main())
