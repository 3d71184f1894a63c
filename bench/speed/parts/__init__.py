"""The parts of `python -m bench.speed --part …`: each measures one question and gives its tables."""
