"""The commands of `faceline`."""
