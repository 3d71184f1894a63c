"""Other ways to serve the same services, to measure Faceline beside; README.md says how they differ."""
