"""Other servers of the same services, which Faceline is measured beside; README.md says how they differ."""
