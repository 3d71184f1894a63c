"""`python -P -m bench.reliability.families PORT`: the embedded stack with a worker for each family, until SIGTERM."""

import sys

from cli.exits import interrupt_on_signals
from config.settings import load_settings
from embedded.stack import running_stack
from models.family import ModelFamily

OVERRIDES = {"FACELINE_CO_LOCATE": "false", "FACELINE_CORES": "1"}


def main(port: str) -> None:
    """Run the stack."""
    interrupt_on_signals()
    try:
        workers = [[family.value] for family in ModelFamily]
        with running_stack(load_settings(), "127.0.0.1", int(port), sys.stderr, workers, OVERRIDES) as stack:
            stack.keep_up()
    except KeyboardInterrupt:
        print("the stack is stopped", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
