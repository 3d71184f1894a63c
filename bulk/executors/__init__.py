"""Executors: they take photos and give samples."""
