"""Reliability: commands that disturb a running stack under real load, and judge what its callers get."""
