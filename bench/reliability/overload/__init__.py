"""Overload: sends a stack more than it can do, and judges what its callers get."""
